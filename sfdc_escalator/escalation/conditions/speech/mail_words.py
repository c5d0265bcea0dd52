"""Words of mail programs, for quotations that their shape alone does not show. Most need none of these."""

SENDERS = (
    "from von de da van från fra lähettäjä od feladó de·la от від šalje kimden από 差出人 发件人 寄件者 "
    "보낸·사람 من מאת từ dari"
)
SUBJECTS = (
    "subject betreff objet asunto oggetto assunto onderwerp ämne emne aihe temat předmět predmet tárgy "
    "subiect тема относно konu θέμα 件名 主题 主旨 제목 الموضوع נושא chủ·đề subjek assumpte teema "
    "temats"
)
SENT = (
    "sent gesendet envoyé enviado enviada·em enviado·el enviado·em inviato verzonden skickat sendt "
    "lähetetty wysłano odesláno odoslané elküldve küldve trimis отправлено надіслано изпратено poslano "
    "gönderildi gönderilme·tarihi στάλθηκε 送信日時 发送时间 寄件日期 보낸·날짜 تاريخ·الإرسال נשלח "
    "đã·gửi dikirim"
)
OTHERS = (
    "date to cc bcc datum an kopie à fecha para data a aan till kopia dato til kopi vastaanottaja "
    "päivämäärä kopio do dw komu dátum címzett másolatot·kap către кому копия дата копія до prima "
    "kopija tarih kime bilgi ημερομηνία προς κοιν 日付 宛先 时间 日期 收件人 抄送 收件者 副本 받는·사람 "
    "참조 تاريخ إلى תאריך אל ngày đến tanggal kepada"
)
WROTE = (
    "wrote schrieb geschrieben a·écrit escribió ha·scritto escreveu schreef geschreven skrev kirjoitti "
    "napisał napisała napisał(a) pisze napsal napsala napsal(a) napísal napísala napísal(a) írta "
    "a·scris пишет написал написала написал(а) пише написав написа napisao·je napisala·je je·napisao "
    "yazdı έγραψε כתב כתבה كتب 写道 寫道 작성 쓴·글 đã·viết viết menulis"
)
RULES = (
    "original·message forwarded·message ursprüngliche·nachricht weitergeleitete·nachricht "
    "message·d'origine message·transféré mensaje·original mensaje·reenviado messaggio·originale "
    "messaggio·inoltrato mensagem·original mensagem·encaminhada oorspronkelijk·bericht "
    "doorgestuurd·bericht ursprungligt·meddelande originalmeddelande vidarebefordrat·meddelande "
    "oprindelig·meddelelse opprinnelig·melding videresendt·melding alkuperäinen·viesti "
    "wiadomość·oryginalna původní·zpráva pôvodná·správa eredeti·üzenet mesaj·original "
    "исходное·сообщение пересылаемое·сообщение початкове·повідомлення оригинално·съобщение "
    "izvorna·poruka özgün·ileti orijinal·ileti αρχικό·μήνυμα 元のメッセージ 原始邮件 原始郵件 "
    "转发的邮件 원본·메시지 الرسالة·الأصلية הודעה·מקורית thư·gốc pesan·asli"
)


def as_set(words: str) -> frozenset[str]:
    """The words of a list; `·` stands for a space inside of one."""
    return frozenset(word.replace("·", " ") for word in words.split())
