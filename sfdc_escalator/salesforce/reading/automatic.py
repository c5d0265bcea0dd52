"""E-mails that a machine wrote: automatic answers, reports of delivery, mass mailings."""

import re
import unicodedata

# RFC 3834 (Auto-Submitted; `no` is a person), RFC 3464 and 8098 (reports), RFC 5321 (the empty return path of a
# report), and what mailers without these use. X-Auto-Response-Suppress alone asks for no answer: persons send it.
# Precedence: list and X-Loop are not signs, for persons write to lists, too.
PROOF = re.compile(
    r"^(?:auto-submitted:[ \t]*+(?!no\b)\S"
    r"|x-auto-?(?:repl(?:y|ied)|respon[ds]e?+r?+|generated|submitted)(?!-suppress)[\w-]*:"
    r"[ \t]*+(?!(?:no|false|0)\s*$)\S"
    r"|x-(?:mail-autoreply|amazon-auto-reply|fc-machinegenerated|vacation):[ \t]*+(?!(?:no|false|0)\s*$)\S"
    r"|x-failed-recipients:|delivered-to:[ \t]*+autoresponder\s*$"
    r"|(?:x-)?pre(?:ced|fer)ence:[ \t]*+(?:auto[_-]?reply|bulk|junk)\b"
    r"|return-path:[ \t]*+<[ \t]*(?:mailer-daemon[^>\n]*)?>|x-post-messageclass:[ \t]*+9\b"
    r"|content-type:[ \t]*+multipart/report\b|content-class:[ \t]*+urn:content-classes:(?:mdn|dsn)\b"
    r"|x-ms-exchange-generated-message-source:[ \t]*+mailbox rules|from:.{0,200}\bmailer-daemon@)",
    re.IGNORECASE | re.MULTILINE,
)
# An inbox rule marks what it sends on, too; together with this one it is an answer of a rule.
SUPPRESSED = re.compile(r"^x-auto-response-suppress:.{0,100}\b(?:all|autoreply)\b", re.IGNORECASE | re.MULTILINE)
RULES_LOOP = re.compile(r"^x-ms-exchange-inbox-rules-loop:", re.IGNORECASE | re.MULTILINE)
# Such as `[EXTERNAL]`, which a gateway adds, or `[Auto-Reply]`, which says it.
TAG = re.compile(r"\s*(?:[\[({<\u3010]([^\])}>\u3011]{0,30})[\])}>\u3011]|ext(?:ernal)?\s*:)\s*", re.IGNORECASE)
LONG = 300  # characters; a subject has 3,000 at most
FOLD = re.compile(r"\r?\n[ \t]+")

# Subjects of mails without headers, with a colon or alone: `Automatic reply: your case`, `Undeliverable: hello`.
SUBJECTS = """
automatic reply | automatic response | automatic answer | automated reply | automated response | auto reply
auto response | auto answer | auto responder | ooo | oof | out of office | out of the office
out of office reply | out of office auto reply | out of office response | out of office message
out of office notification | vacation reply | vacation response | away from the office | undeliverable
undelivered mail returned to sender | mail delivery failed | mail delivery failure | mail delivery subsystem
failure notice | delivery status notification | delivery status notification failure
delivery status notification delay | returned mail | automatische antwort | automatische rückantwort
auto antwort | abwesenheitsnotiz | abwesenheitsnachricht | abwesenheitsmeldung | abwesenheitsmitteilung
nicht im büro | außer haus | unzustellbar | réponse automatique | message automatique | absence du bureau
absent du bureau | absente du bureau | absence de bureau | message d'absence | avis d'absence
notification d'absence | non remis | respuesta automática | contestación automática | autorespuesta
fuera de la oficina | fuera de oficina | ausente de la oficina | no se puede entregar | mensaje de ausencia
risposta automatica | auto risposta | fuori sede | fuori ufficio | assente dall'ufficio | non recapitabile
impossibile recapitare | resposta automática | fora do escritório | ausência do escritório
ausente do escritório | ausência temporária | mensagem de ausência | não é possível entregar | não entregável
resposta automatica | automatisch antwoord | automatisch bericht | automatische reactie
automatische beantwoording | afwezigheidsbericht | afwezigheidsmelding | niet aanwezig | niet op kantoor
onbestelbaar | automatiskt svar | automatiskt meddelande | autosvar | frånvaromeddelande | inte på kontoret
ej på kontoret | kan inte levereras | olevererbart | automatisk svar | automatisk besked | fraværsmelding
fraværsbesked | fraværsmeddelelse | ikke til stede | ikke på kontoret | ikke på kontor | kan ikke leveres
automaattinen vastaus | automaattivastaus | poissa toimistosta | poissaoloilmoitus | poissaoloviesti
odpowiedź automatyczna | automatyczna odpowiedź | autoodpowiedź | poza biurem | nieobecność w biurze
niedostarczalne | automatická odpověď | mimo kancelář | nedoručitelné | automatická odpoveď | mimo kancelárie
nedoručiteľné | automatikus válasz | házon kívül | kézbesíthetetlen | răspuns automat | absent de la birou
plecat din birou | автоматический ответ | автоответ | вне офиса | отсутствую в офисе
недоставленное сообщение | автоматична відповідь | автовідповідь | поза офісом | автоматичен отговор
извън офиса | automatski odgovor | izvan ureda | аутоматски одговор | samodejni odgovor | automaatvastus
automaatne vastus | automātiska atbilde | automatinis atsakymas | otomatik yanıt | otomatik cevap
ofis dışında | ofis dışı | αυτόματη απάντηση | εκτός γραφείου | μη παραδοτέο | תשובה אוטומטית | מענה אוטומטי
מחוץ למשרד | הודעת היעדרות | رد تلقائي | الرد التلقائي | رد آلي | خارج المكتب | پاسخ خودکار | 自動応答
自動返信 | 自動回答 | 不在通知 | 不在のお知らせ | 配信不能メール | 自动答复 | 自动回复 | 自動回覆 | 自動答覆
不在办公室 | 不在辦公室 | 无法传递 | 無法傳遞 | 자동 회신 | 자동 응답 | 자동 답장 | 부재중 | 배달되지 않음
trả lời tự động | balasan otomatis | jawapan automatik | ตอบกลับอัตโนมัติ | การตอบกลับอัตโนมัติ
स्वचालित उत्तर | resposta automàtica | erantzun automatikoa | sjálfvirkt svar
"""
WITH_COLON = frozenset({"auto"})
"""Only with a colon: alone it is a car."""
# Some mailers put this before the subject without a colon; a person writes about `Out of Office Hours`.
BEFORE_THE_SUBJECT = re.compile(
    r"Out of Office (?!(?:Hours|Time|Work|Support|Assistant|Messages?|Repl(?:y|ies)|Settings?|Status)\b)[A-Z]"
)
NOT_LETTERS = re.compile(r"[\W_]+")


def is_automatic(headers: str, subject: str) -> bool:
    """True if a machine wrote the e-mail: an out-of-office answer is not an answer of a person."""
    unfolded = FOLD.sub(" ", headers)
    if PROOF.search(unfolded) or (SUPPRESSED.search(unfolded) and RULES_LOOP.search(unfolded)):
        return True
    line = subject[:LONG]
    while tag := TAG.match(line):
        if as_said(tag[1] or "") in SAID:
            return True
        line = line[tag.end() :]
    line = line.strip()
    first, colon, _ = line.replace("\uff1a", ":").partition(":")
    words = as_said(first)
    return words in SAID or (bool(colon) and words in WITH_COLON) or bool(BEFORE_THE_SUBJECT.match(line))


def as_said(words: str) -> str:
    """The letters in small, so that `Auto-Reply` is `auto reply`, and `autoreply`."""
    return NOT_LETTERS.sub("", unicodedata.normalize("NFKC", words).casefold())


SAID = frozenset(as_said(one) for one in SUBJECTS.replace("\n", "|").split("|")) - {""}
