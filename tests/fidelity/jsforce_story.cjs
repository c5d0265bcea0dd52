// What a person's script does with jsforce, unmodified: each step's result, or its error, as one JSON object.
const jsforce = require(process.argv[2]);
const { INSTANCE_URL: instanceUrl, ACCESS_TOKEN: accessToken } = process.env;
const told = {};

async function step(name, act) {
  try {
    told[name] = await act();
  } catch (error) {
    told[name] = { thrown: error.name, errorCode: error.errorCode, message: error.message };
  }
}

async function main() {
  const org = new jsforce.Connection({ instanceUrl, accessToken, version: "67.0" });
  await step("versions", async () => (await org.request("/services/data")).map((one) => one.version));
  await step("identity", async () => org.identity());
  await step("global", async () => (await org.describeGlobal()).sobjects.map((one) => one.name));
  await step("describe", async () => {
    const found = await org.describe("Case");
    return { name: found.name, keyPrefix: found.keyPrefix, fields: found.fields.map((one) => one.name) };
  });
  await step("query", async () => {
    const found = await org.query(
      "SELECT CaseNumber, Owner.Name, Account.Name, (SELECT CommentBody FROM CaseComments) FROM Case WHERE CaseNumber = '00000001'",
    );
    return found.records[0];
  });
  await step("pages", async () => {
    const first = await org.query("SELECT Id FROM Case");
    const sizes = [first.records.length];
    let page = first;
    while (!page.done) {
      page = await org.queryMore(page.nextRecordsUrl);
      sizes.push(page.records.length);
    }
    return { total: first.totalSize, sizes };
  });
  await step("stream", async () => {
    const found = await org.query("SELECT Id FROM Case ORDER BY Id", { autoFetch: true, maxFetch: 10000 });
    return new Set(found.records.map((one) => one.Id)).size;
  });
  await step("create", async () => org.sobject("Case").create({ Subject: "made by jsforce", Status: "New" }));
  const id = told.create.id;
  await step("retrieve", async () => (await org.sobject("Case").retrieve(id)).Subject);
  await step("update", async () => org.sobject("Case").update({ Id: id, Status: "Working" }));
  await step("updated", async () => (await org.sobject("Case").retrieve(id)).Status);
  await step("createMany", async () => org.sobject("Case").create([{ Subject: "a" }, { Subject: "b" }]));
  await step("updateMany", async () =>
    org.sobject("Case").update(told.createMany.map((one, place) => ({ Id: one.id, Priority: place ? "High" : "Low" }))),
  );
  await step("partly", async () =>
    org.sobject("Case").update([{ Id: id, Status: "New" }, { Id: id.slice(0, 15), NoSuchField: 1 }], { allOrNone: false }),
  );
  await step("upsert", async () => {
    const contact = (name) => ({ LastName: name, Email: "nora@example.com" });
    const first = await org.sobject("Contact").upsert([contact("Lind")], "Email");
    const second = await org.sobject("Contact").upsert([contact("Lindh")], "Email");
    return [first[0].created, second[0].created, first[0].id === second[0].id];
  });
  await step("find", async () => {
    const wanted = { Subject: { $like: "Case 1%" }, $or: [{ CaseNumber: "00000001" }, { CaseNumber: { $in: ["00000010"] } }] };
    const cases = org.sobject("Case").find(wanted, ["CaseNumber", "Owner.Name"]).sort({ CaseNumber: -1 });
    const found = await cases.include("CaseComments").select("CommentBody").end().execute();
    return found.map((one) => [one.CaseNumber, one.Owner.Name, one.CaseComments?.totalSize ?? 0]);
  });
  await step("count", async () => org.sobject("Case").count({ CaseNumber: { $ne: "00000001" }, Status: "New" }));
  await step("retrieveMany", async () => {
    const { records } = await org.query("SELECT Id FROM Case ORDER BY CaseNumber LIMIT 250");
    const found = await org.sobject("Case").retrieve(records.map((one) => one.Id));
    return [found.length, found[249].CaseNumber];
  });
  await step("upsertById", async () => (await org.sobject("Case").upsert({ Id: id, Subject: "by id" }, "Id")).created);
  await step("updateFound", async () => org.sobject("Case").find({ Id: id }).update({ Origin: "Web" }, "Case"));
  await step("tooMany", async () => org.sobject("Case").create([{ Subject: "a" }, { Nothing__c: 1 }], { allOrNone: true }));
  await step("destroy", async () => org.sobject("Case").destroy(told.createMany.map((one) => one.id)));
  await step("composite", async () => {
    const base = "/services/data/v67.0";
    const body = {
      allOrNone: true,
      compositeRequest: [
        { method: "POST", url: `${base}/sobjects/CaseComment`, referenceId: "note", body: { ParentId: id, CommentBody: "n" } },
        { method: "PATCH", url: `${base}/sobjects/Case/${id}`, referenceId: "status", body: { Status: "Escalated" } },
        { method: "GET", url: `${base}/sobjects/CaseComment/@{note.id}?fields=CommentBody`, referenceId: "read" },
      ],
    };
    const found = await org.requestPost(`${base}/composite`, body);
    return found.compositeResponse.map((one) => [one.referenceId, one.httpStatusCode]);
  });
  await step("limits", async () => (await org.request("/services/data/v67.0/limits")).DailyApiRequests.Max);
  await step("limitInfo", async () => org.limitInfo.apiUsage);
  await step("malformed", async () => org.query("SELECT FROM Case"));
  await step("noColumn", async () => org.query("SELECT Nothing__c FROM Case"));
  await step("noObject", async () => org.sobject("Nothing__c").create({ Name: "x" }));
  await step("noTooling", async () => org.tooling.query("SELECT Id FROM ApexClass"));
  await step("noRecord", async () => org.sobject("Case").retrieve("500000000000000AAA"));
  const stranger = new jsforce.Connection({ instanceUrl, accessToken: "00D000000000001!wrong", version: "67.0" });
  await step("stranger", async () => stranger.query("SELECT Id FROM Case"));
  const oauth2 = { loginUrl: instanceUrl, clientId: "key", clientSecret: "secret" };
  const other = new jsforce.Connection({ instanceUrl, oauth2, version: "67.0" });
  await step("login", async () => {
    const found = await other.authorize({ grant_type: "client_credentials" });
    return { user: found.id, organization: found.organizationId, rows: (await other.query("SELECT COUNT() FROM User")).totalSize };
  });
  process.stdout.write(JSON.stringify(told));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
