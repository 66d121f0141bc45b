// Runs the official DocuSign SDK against the batchsend sandbox and judges every
// answer. It prints a line for each check and ends with "N checks passed"; at
// the first that fails it says what was wrong and exits with 1.
//
// What it must know it reads from the environment, under the names of the .env
// file that the sandbox writes:
//
//	batchsend sandbox --addr 127.0.0.1:0 --dir practice --tls
//	. practice/.env && NODE_EXTRA_CA_CERTS=practice/ca.pem node check.mjs
//
// It may be repeated on one directory. It expects the built-in template.
import assert from 'node:assert/strict';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import docusign from 'docusign-esign';

const require = createRequire(import.meta.url);

/** How long all checks may take. The SDK's own requests for tokens never end. */
const deadline = 110_000; // ms

function env(name) {
  const value = process.env[name];
  if (!value) stop(`the environment variable ${name} is not set`, 'source the .env file that the sandbox wrote');
  return value;
}

function stop(problem, hint) {
  console.error(`sdkcheck: ${problem}`);
  if (hint) console.error(`hint: ${hint}`);
  process.exit(1);
}

const server = new URL(env('DOCUSIGN_AUTH_SERVER').replace(/^(?!https?:)/, 'https://'));
const integrationKey = env('DOCUSIGN_INTEGRATION_KEY');
const userId = env('DOCUSIGN_USER_ID');
const accountId = env('DOCUSIGN_ACCOUNT_ID');
const templateId = env('BATCHSEND_TEMPLATE');
const privateKey = readFileSync(env('DOCUSIGN_PRIVATE_KEY'));
if (!['127.0.0.1', 'localhost', '[::1]'].includes(server.hostname)) {
  stop(`${server.host} is not a sandbox on this machine, and envelopes would really be sent`, 'source the .env file that the sandbox wrote');
}
if (server.protocol !== 'https:') {
  stop(`${server.origin} is not https, and the SDK asks for tokens with nothing else`, 'start the sandbox with --tls');
}
process.env.NO_PROXY = process.env.no_proxy = server.hostname; // what is loopback is no business of a proxy

// ---------------------------------------------------------------- checking

let passed = 0;
let current = 'start';

async function check(name, test) {
  current = name;
  try {
    await test();
  } catch (err) {
    fail(err);
  }
  passed++;
  console.log(`ok  ${name}`);
}

/** Says what was wrong, without stacks of libraries, and ends the program. */
function fail(err) {
  console.error(`FAILED  ${current}`);
  const answer = err.response;
  if (answer) {
    const body = typeof answer.data === 'string' ? answer.data : JSON.stringify(answer.data);
    console.error(`${answer.config.method.toUpperCase()} ${answer.config.url}: status ${answer.status}: ${body}`);
  } else {
    console.error(err.message.trimEnd());
  }
  // Where it happened, the innermost line first.
  for (const frame of (err.stack ?? '').matchAll(/check\.mjs:\d+/g)) console.error(`  at ${frame[0]}`);
  const hints = {
    DEPTH_ZERO_SELF_SIGNED_CERT: "set NODE_EXTRA_CA_CERTS to the ca.pem in the sandbox's directory",
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: "set NODE_EXTRA_CA_CERTS to the ca.pem in the sandbox's directory",
    ECONNREFUSED: 'the sandbox does not run there any more: start it, and source its .env file again',
  };
  if (hints[err.code]) console.error(`hint: ${hints[err.code]}`);
  process.exit(1);
}

setTimeout(() => fail(new Error(`no end after ${deadline / 1000} s`)), deadline).unref();

/**
 * Calls a method of the SDK, judges the answer as it came over the wire (the
 * SDK hides much: to it every value is a string), and returns the SDK's model.
 */
function ask(api, method, ...args) {
  return new Promise((resolve, reject) => {
    api[method](...args, (err, model, response) => {
      if (err) return reject(err);
      try {
        judge(response, model);
        resolve(model);
      } catch (unfit) {
        reject(unfit);
      }
    });
  });
}

/** Wants a text of a certain form. */
function like(text, form, what) {
  assert.ok(form.test(text ?? ''), `${what} is ${JSON.stringify(text)}, which must match ${form}`);
}

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/;

function judge(response, model) {
  const created = response.config.method === 'post' && !response.config.url.endsWith('/test'); // a test creates nothing
  assert.equal(response.status, created ? 201 : 200, 'status');
  like(response.headers['content-type'], /^application\/json/, 'Content-Type');
  judgeHeaders(response.headers);
  judgeValue(response.data, model, 'answer');
}

function judgeHeaders(headers) {
  like(headers['x-docusign-tracetoken'], guid, 'X-DocuSign-TraceToken');
  const numbers = {};
  for (const name of ['x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset', 'x-burstlimit-limit', 'x-burstlimit-remaining']) {
    like(headers[name], /^\d+$/, name);
    numbers[name] = Number(headers[name]);
  }
  assert.ok(numbers['x-ratelimit-remaining'] < numbers['x-ratelimit-limit'], 'the call was counted in the hour');
  assert.ok(numbers['x-burstlimit-remaining'] < numbers['x-burstlimit-limit'], 'the call was counted in the burst');
  const wait = numbers['x-ratelimit-reset'] - Date.parse(headers.date) / 1000;
  assert.ok(wait >= 0 && wait <= 3601, `x-ratelimit-reset lies within the hour, not ${wait} s away`); // 1 s: Date was written before
}

/** The few properties that REST v2.1 writes as booleans. */
const booleans = new Set(['signerMustAcknowledgeUseAccountDefault', 'canBeSent']);

/**
 * Wants each value on the wire to be a string, a date to have its seven
 * decimals, and each property to be one the SDK knows: what it does not know it
 * drops.
 */
function judgeValue(raw, model, path) {
  if (raw === null) return;
  if (Array.isArray(raw)) {
    assert.equal(model?.length, raw.length, `${path}: the SDK read another number of elements`);
    raw.forEach((item, i) => judgeValue(item, model[i], `${path}[${i}]`));
    return;
  }
  if (typeof raw === 'object') {
    for (const [name, value] of Object.entries(raw)) {
      const at = `${path}.${name}`;
      assert.ok(model != null && Object.hasOwn(model, name), `${at} is nothing that the SDK knows`);
      if (/(DateTime|Date|created|lastModified)$/.test(name) && value) like(value, moment, at);
      if (booleans.has(name)) assert.equal(typeof value, 'boolean', at);
      else judgeValue(value, model[name], at);
    }
    return;
  }
  assert.equal(typeof raw, 'string', `${path} is ${raw}, which must be a string on the wire`);
  assert.equal(model, raw, path);
}

/** Wants a REST call to be refused, and returns the body of the answer. */
async function refused(call, status, code) {
  const err = await rejected(call);
  assert.equal(err.response.status, status, 'status');
  const body = err.response.data;
  assert.deepEqual(Object.keys(body).sort(), ['errorCode', 'message']);
  like(body.errorCode, code, 'errorCode');
  assert.ok(body.message, 'the error has a message');
  like(err.response.headers['x-docusign-tracetoken'], guid, 'X-DocuSign-TraceToken');
  return body;
}

/** Wants a call to be answered with an error, as the SDK's users see it. */
async function rejected(call) {
  let err;
  try {
    await call();
  } catch (thrown) {
    err = thrown;
  }
  assert.ok(err, 'an error was expected, and the call succeeded');
  if (!err.response) throw err;
  return err;
}

/** Compares the named properties only: models are full of others. */
function has(model, want, what = 'answer') {
  assert.ok(model, `${what} is absent`);
  for (const [name, value] of Object.entries(want)) assert.deepEqual(model[name], value, `${what}: ${name}`);
}

/** The one element that a list holds for a label or another property. */
function one(list, name, value) {
  const found = (list ?? []).filter((item) => item[name] === value);
  assert.equal(found.length, 1, `number of elements with ${name} ${value}`);
  return found[0];
}

// ---------------------------------------------------------------- the SDK

const pinned = require('./package.json').dependencies['docusign-esign'];
await check(`docusign-esign ${pinned} on node ${process.versions.node}`, () => {
  assert.equal(require('docusign-esign/package.json').version, pinned, 'another version is installed: run npm ci again');
});

// ---------------------------------------------------------------- signing in

const client = new docusign.ApiClient();
const scopes = ['signature', 'impersonation'];
client.setOAuthBasePath(server.host);

await check('token: another key pair is refused', async () => {
  const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs1', format: 'pem' });
  const err = await rejected(() => client.requestJWTUserToken(integrationKey, userId, scopes, other, 3600));
  assert.equal(err.response.status, 400);
  assert.deepEqual(err.response.data, { error: 'invalid_grant', error_description: 'no_valid_keys_or_signatures' });
});

await check('token: an unknown user is refused', async () => {
  const err = await rejected(() => client.requestJWTUserToken(integrationKey, randomUUID(), scopes, privateKey, 3600));
  assert.deepEqual(err.response.data, { error: 'invalid_grant', error_description: 'user_not_found' });
});

await check('token: an unknown integration key is refused', async () => {
  const err = await rejected(() => client.requestJWTUserToken(randomUUID(), userId, scopes, privateKey, 3600));
  assert.deepEqual(err.response.data, { error: 'invalid_grant', error_description: 'issuer_not_found' });
});

await check('token: a scope without consent is refused', async () => {
  const wide = [...scopes, 'click.manage'];
  const err = await rejected(() => client.requestJWTUserToken(integrationKey, userId, wide, privateKey, 3600));
  assert.equal(err.response.status, 400);
  assert.deepEqual(err.response.data, { error: 'consent_required' });
});

let token;
await check('token: requestJWTUserToken', async () => {
  const answer = await client.requestJWTUserToken(integrationKey, userId, scopes, privateKey, 3600);
  assert.equal(answer.status, 200);
  has(answer.body, { token_type: 'Bearer', expires_in: 3600 });
  like(answer.body.access_token, /^eyJ/, 'access_token');
  token = answer.body.access_token;
  assert.equal(client.getJWTUri(integrationKey, 'https://localhost/', server.host).split('?')[0], `${server.origin}/oauth/auth`);
});

let baseURI;
await check('userinfo: getUserInfo', async () => {
  const info = await client.getUserInfo(token);
  assert.equal(info.sub.toLowerCase(), userId.toLowerCase());
  assert.ok(info.name && info.givenName && info.familyName && info.email && info.created, 'the user has names and an address');
  const account = one(info.accounts, 'accountId', accountId);
  has(account, { isDefault: 'true' });
  assert.ok(account.accountName);
  baseURI = account.baseUri;
  assert.equal(baseURI, server.origin, 'base_uri is the sandbox, without /restapi');
});

await check('userinfo: a wrong token is refused', async () => {
  const err = await rejected(() => client.getUserInfo('wrong'));
  assert.equal(err.response.status, 401);
});

client.setBasePath(`${baseURI}/restapi`); // forgets the OAuth host, which is not needed again
client.addDefaultHeader('Authorization', `Bearer ${token}`);
const accounts = new docusign.AccountsApi(client);
const templates = new docusign.TemplatesApi(client);
const envelopes = new docusign.EnvelopesApi(client);

// ---------------------------------------------------------------- the account

await check('account: getAccountInformation', async () => {
  const account = await ask(accounts, 'getAccountInformation', accountId, { includeAccountSettings: 'true' });
  has(account, { accountIdGuid: accountId, suspensionStatus: '', envelopeSendingBlocked: 'false' });
  assert.ok(account.planName && account.accountName);
  const { accountNotification } = account.accountSettings;
  has(accountNotification, { userOverrideEnabled: 'true' });
  has(accountNotification.expirations, { expireEnabled: 'true', expireAfter: '120' });
});

await check('account: listSettings', async () => {
  const settings = await ask(accounts, 'listSettings', accountId);
  has(settings, { allowBulkSend: 'true', bulkSendMaxCopiesInBatch: '1000', documentVisibility: 'Off' });
});

await check('account: somebody else\'s is refused', async () => {
  await refused(() => accounts.getAccountInformation(randomUUID()), 400, /^USER_LACKS_MEMBERSHIP$/);
});

await check('account: a wrong token is refused', async () => {
  const stranger = new docusign.ApiClient({ basePath: `${baseURI}/restapi` });
  stranger.addDefaultHeader('Authorization', 'Bearer wrong');
  const call = () => new docusign.AccountsApi(stranger).getAccountInformation(accountId);
  await refused(call, 401, /^AUTHORIZATION_INVALID_TOKEN$/);
});

// ---------------------------------------------------------------- templates

await check('templates: list', async () => {
  const list = await ask(templates, 'listTemplates', accountId, { count: '1000', orderBy: 'name', include: 'recipients,notifications' });
  assert.equal(list.resultSetSize, String(list.envelopeTemplates.length));
  assert.equal(list.startPosition, '0');
  const offer = one(list.envelopeTemplates, 'templateId', templateId);
  has(offer, { name: 'Offer letter', emailSubject: 'Your offer letter' });
  assert.equal(offer.recipients.signers.length, 2);
  assert.ok(offer.notification.reminders, 'the notification was asked for');
});

await check('templates: list finds nothing', async () => {
  const list = await ask(templates, 'listTemplates', accountId, { searchText: 'no such template' });
  has(list, { resultSetSize: '0', totalSetSize: '0' });
  assert.equal(list.envelopeTemplates?.length ?? 0, 0);
});

/** The template's reminders and expiration. */
const stored = {
  reminders: { reminderEnabled: 'true', reminderDelay: '2', reminderFrequency: '3' },
  expirations: { expireEnabled: 'true', expireAfter: '30', expireWarn: '3' },
};

await check('templates: get with recipients and tabs', async () => {
  const offer = await ask(templates, 'get', accountId, templateId, { include: 'recipients,tabs,documents' });
  has(offer, { templateId, name: 'Offer letter' });
  has(offer.notification.reminders, stored.reminders, 'reminders');
  has(offer.notification.expirations, stored.expirations, 'expirations');
  has(one(offer.customFields.textCustomFields, 'name', 'Department'), { show: 'true', required: 'false' });
  assert.deepEqual(one(offer.customFields.listCustomFields, 'name', 'Region').listItems, ['North', 'South', 'Abroad']);
  has(offer.documents[0], { documentId: '1', name: 'offer-letter.pdf' });

  const employee = one(offer.recipients.signers, 'roleName', 'Employee');
  has(employee, { routingOrder: '1', name: '', email: '', templateLocked: 'false' });
  has(one(offer.recipients.signers, 'roleName', 'Manager'), { routingOrder: '2' });
  has(one(offer.recipients.carbonCopies, 'roleName', 'HR Records'), { routingOrder: '3', email: 'hr-records@example.test' });
  assert.equal(offer.recipients.recipientCount, '3');

  const { tabs } = employee;
  has(one(tabs.textTabs, 'tabLabel', 'Salary'), { required: 'true', locked: 'true', maxLength: '20', documentId: '1' });
  assert.equal(tabs.textTabs.filter((tab) => tab.tabLabel === 'FirstDay').length, 2, 'FirstDay stands twice');
  assert.deepEqual(tabs.listTabs[0].listItems.map((item) => item.value), ['Stockholm', 'Berlin', 'London']);
  has(one(tabs.checkboxTabs, 'tabLabel', 'Relocation'), { selected: 'false' });
  assert.deepEqual(one(tabs.radioGroupTabs, 'groupName', 'Plan').radios.map((radio) => radio.value), ['gold', 'silver']);
  assert.equal(tabs.signHereTabs.length, 1);
});

await check('templates: get without tabs', async () => {
  const offer = await ask(templates, 'get', accountId, templateId);
  assert.equal(one(offer.recipients.signers, 'roleName', 'Employee').tabs, undefined);
});

await check('templates: listRecipients with tabs', async () => {
  const recipients = await ask(templates, 'listRecipients', accountId, templateId, { includeTabs: 'true' });
  one(one(recipients.signers, 'roleName', 'Manager').tabs.textTabs, 'tabLabel', 'CostCentre');
});

await check('templates: getNotificationSettings', async () => {
  const n = await ask(templates, 'getNotificationSettings', accountId, templateId);
  has(n.reminders, stored.reminders, 'reminders');
  has(n.expirations, stored.expirations, 'expirations');
});

await check('templates: an unknown one is refused', async () => {
  const err = await rejected(() => templates.get(accountId, randomUUID()));
  assert.ok([400, 404].includes(err.response.status), `status ${err.response.status}`);
  like(err.response.data.errorCode, /^TEMPLATE_/, 'errorCode');
});

// ---------------------------------------------------------------- creating

const begun = new Date(); // lists are asked for what came after: the directory may hold older envelopes
const run = `sdkcheck-${randomUUID()}`;
const row = (n) => ({ name: 'batchRow', value: `${run}:${n}`, show: 'false', required: 'false' });
const { EnvelopeDefinition, TemplateRole, Tabs, CompositeTemplate, ServerTemplate, InlineTemplate, Recipients, Signer } = docusign;

/** The roles of the template, each with tabs of every kind that can be filled. */
const employee = () =>
  TemplateRole.constructFromObject({
    roleName: 'Employee',
    name: 'Åsa Öberg 李',
    email: 'asa.oberg@example.test',
    tabs: Tabs.constructFromObject({
      textTabs: [
        { tabLabel: 'Salary', value: '42 000 €' },
        { tabLabel: '\\*FirstDay', value: '1 March' },
      ],
      dateTabs: [{ tabLabel: 'StartDate', value: '2027-03-01' }],
      listTabs: [{ tabLabel: 'Office', value: 'Berlin' }],
      checkboxTabs: [{ tabLabel: 'Relocation', selected: 'true' }],
      radioGroupTabs: [{ groupName: 'Plan', radios: [{ value: 'gold', selected: 'true' }] }],
    }),
  });
const manager = () =>
  TemplateRole.constructFromObject({
    roleName: 'Manager',
    name: 'Bo Berg',
    email: 'bo.berg@example.test',
    tabs: Tabs.constructFromObject({ textTabs: [{ tabLabel: 'CostCentre', value: '4711' }] }),
  });

/** Judges the recipients of an envelope that was sent to both. */
function judgeRecipients(recipients) {
  assert.equal(recipients.recipientCount, '3', 'nobody stands beside the roles of the template');
  assert.equal(recipients.currentRoutingOrder, '1');
  const first = one(recipients.signers, 'roleName', 'Employee');
  has(first, { name: 'Åsa Öberg 李', email: 'asa.oberg@example.test', routingOrder: '1', status: 'sent', deliveryMethod: 'email' });
  has(first, { clientUserId: undefined }); // it was null, and whoever has one is not mailed
  like(first.recipientIdGuid, guid, 'recipientIdGuid');
  like(first.sentDateTime, moment, 'sentDateTime');
  const second = one(recipients.signers, 'roleName', 'Manager');
  has(second, { name: 'Bo Berg', email: 'bo.berg@example.test', routingOrder: '2', status: 'created', sentDateTime: undefined });
  has(one(recipients.carbonCopies, 'roleName', 'HR Records'), { email: 'hr-records@example.test', routingOrder: '3', status: 'created' });

  const { tabs } = first;
  has(one(tabs.textTabs, 'tabLabel', 'Salary'), { value: '42 000 €', locked: 'true', recipientId: first.recipientId });
  assert.deepEqual(tabs.textTabs.filter((tab) => tab.tabLabel === 'FirstDay').map((tab) => tab.value), ['1 March', '1 March']);
  has(one(tabs.textTabs, 'tabLabel', 'EmployeeID'), { value: '' });
  has(one(tabs.dateTabs, 'tabLabel', 'StartDate'), { value: '2027-03-01' });
  const office = one(tabs.listTabs, 'tabLabel', 'Office');
  has(office, { value: 'Berlin', listSelectedValue: 'Berlin' });
  assert.deepEqual(office.listItems.filter((item) => item.selected === 'true').map((item) => item.value), ['Berlin']);
  has(one(tabs.checkboxTabs, 'tabLabel', 'Relocation'), { selected: 'true' });
  const plan = one(tabs.radioGroupTabs, 'groupName', 'Plan');
  assert.deepEqual(plan.radios.map((radio) => [radio.value, radio.selected]), [['gold', 'true'], ['silver', 'false']]);
  has(one(second.tabs.textTabs, 'tabLabel', 'CostCentre'), { value: '4711' });
}

function judgeSummary(summary, status) {
  like(summary.envelopeId, guid, 'envelopeId');
  has(summary, { uri: `/envelopes/${summary.envelopeId}`, status });
  like(summary.statusDateTime, moment, 'statusDateTime');
  return summary.envelopeId;
}

const create = (envelopeDefinition, options) => ask(envelopes, 'createEnvelope', accountId, { envelopeDefinition, ...options });

const transactionId = randomUUID();
let fromRoles;
await check('create: from template, by templateRoles', async () => {
  const definition = new EnvelopeDefinition();
  definition.status = 'Sent'; // words are read whatever their case
  definition.templateId = templateId;
  definition.templateRoles = [employee(), manager()];
  definition.transactionId = transactionId;
  definition.emailSubject = 'An offer for [[Employee_UserName]]';
  definition.emailBlurb = 'Good morning';
  definition.brandId = null; // the SDK sends null, which means absent
  definition.templateRoles[0].clientUserId = null;
  definition.customFields = {
    textCustomFields: [row(1), { name: 'Department', value: 'Research' }],
    listCustomFields: [{ name: 'Region', value: 'North' }],
  };
  definition.notification = {
    useAccountDefaults: 'false',
    reminders: { reminderEnabled: 'true', reminderDelay: '4', reminderFrequency: '5' },
    expirations: { expireEnabled: 'true', expireAfter: '45', expireWarn: '6' },
  };
  fromRoles = judgeSummary(await create(definition), 'sent');
});

let fromComposite;
await check('create: from template, by compositeTemplates', async () => {
  const inline = InlineTemplate.constructFromObject({
    sequence: '2',
    customFields: { textCustomFields: [row(2)] },
    recipients: Recipients.constructFromObject({
      signers: [employee(), manager()].map((role, i) =>
        Signer.constructFromObject({ ...role, recipientId: String(i + 1), note: `To ${role.name}` }),
      ),
    }),
  });
  const definition = new EnvelopeDefinition();
  definition.status = 'sent';
  definition.emailSubject = 'Composed';
  definition.transactionId = randomUUID();
  definition.customFields = { textCustomFields: [{ name: 'lost', value: 'ignored with compositeTemplates' }] };
  definition.compositeTemplates = [
    CompositeTemplate.constructFromObject({
      compositeTemplateId: '1',
      serverTemplates: [ServerTemplate.constructFromObject({ sequence: '1', templateId })],
      inlineTemplates: [inline],
    }),
  ];
  definition.compositeTemplates[0].serverTemplates[0].sequence = 1; // real numbers are taken, too
  fromComposite = judgeSummary(await create(definition), 'sent');
});

let draft;
await check('create: a draft', async () => {
  const definition = EnvelopeDefinition.constructFromObject({
    templateId,
    templateRoles: [employee(), manager()],
    customFields: { textCustomFields: [row(3)] },
  });
  draft = judgeSummary(await create(definition, { mergeRolesOnDraft: 'true' }), 'created');
});

await check('create: an unknown template is refused', async () => {
  const definition = { status: 'sent', templateId: randomUUID(), templateRoles: [employee()] };
  const err = await rejected(() => envelopes.createEnvelope(accountId, { envelopeDefinition: definition }));
  assert.ok([400, 404].includes(err.response.status), `status ${err.response.status}`);
  assert.deepEqual(Object.keys(err.response.data).sort(), ['errorCode', 'message']);
  like(err.response.data.errorCode, /^TEMPLATE_/, 'errorCode');
});

await check('create: a wrong address is refused', async () => {
  const wrong = employee();
  wrong.email = 'nobody';
  const definition = { status: 'sent', templateId, templateRoles: [wrong, manager()] };
  const call = () => envelopes.createEnvelope(accountId, { envelopeDefinition: definition });
  const body = await refused(call, 400, /^INVALID_EMAIL_ADDRESS_FOR_RECIPIENT$/);
  like(body.message, /^The email address for the recipient is invalid\. The recipient Id follows\. 1$/, 'message');
});

await check('create: nothing to send is refused', async () => {
  // Without a definition the SDK posts {}: a draft of nothing. Sent, it is incomplete.
  const definition = { status: 'sent' };
  await refused(() => envelopes.createEnvelope(accountId, { envelopeDefinition: definition }), 400, /^ENVELOPE_IS_INCOMPLETE$/);
});

await check('create: a list item that does not exist is refused', async () => {
  const role = employee();
  role.tabs.listTabs[0].value = 'Atlantis';
  const definition = { status: 'sent', templateId, templateRoles: [role, manager()] };
  await refused(() => envelopes.createEnvelope(accountId, { envelopeDefinition: definition }), 400, /^INVALID_REQUEST_PARAMETER$/);
});

// ---------------------------------------------------------------- reading back

await check('envelope: getEnvelope with recipients, tabs and custom fields', async () => {
  const e = await ask(envelopes, 'getEnvelope', accountId, fromRoles, { include: 'recipients,tabs,custom_fields' });
  has(e, { envelopeId: fromRoles, status: 'sent', emailSubject: 'An offer for Åsa Öberg 李', emailBlurb: 'Good morning' });
  has(e, { recipientsUri: `/envelopes/${fromRoles}/recipients`, customFieldsUri: `/envelopes/${fromRoles}/custom_fields` });
  has(e, { expireEnabled: 'true', expireAfter: '45', voidedDateTime: undefined });
  assert.equal(Date.parse(e.expireDateTime) - Date.parse(e.sentDateTime), 45 * 24 * 3600 * 1000, 'it expires 45 days after it was sent');
  has(e.sender, { userId, accountId });
  judgeRecipients(e.recipients);
  has(one(e.customFields.textCustomFields, 'name', 'batchRow'), { value: `${run}:1`, show: 'false' });
});

await check('envelope: getEnvelope without anything included', async () => {
  const e = await ask(envelopes, 'getEnvelope', accountId, fromRoles);
  has(e, { status: 'sent', recipients: undefined, customFields: undefined });
});

await check('envelope: listRecipients with tabs', async () => {
  judgeRecipients(await ask(envelopes, 'listRecipients', accountId, fromRoles, { includeTabs: 'true' }));
});

await check('envelope: listRecipients of the composite', async () => {
  const recipients = await ask(envelopes, 'listRecipients', accountId, fromComposite, { includeTabs: 'true' });
  judgeRecipients(recipients);
  has(one(recipients.signers, 'roleName', 'Employee'), { note: 'To Åsa Öberg 李' });
});

await check('envelope: getNotificationSettings, from the request', async () => {
  const n = await ask(envelopes, 'getNotificationSettings', accountId, fromRoles);
  assert.equal(n.useAccountDefaults, 'false');
  has(n.reminders, { reminderEnabled: 'true', reminderDelay: '4', reminderFrequency: '5' }, 'reminders');
  has(n.expirations, { expireEnabled: 'true', expireAfter: '45', expireWarn: '6' }, 'expirations');
});

await check('envelope: getNotificationSettings, from the template', async () => {
  const n = await ask(envelopes, 'getNotificationSettings', accountId, fromComposite);
  has(n.reminders, stored.reminders, 'reminders');
  has(n.expirations, stored.expirations, 'expirations');
});

await check('envelope: listCustomFields', async () => {
  const fields = await ask(envelopes, 'listCustomFields', accountId, fromRoles);
  has(one(fields.textCustomFields, 'name', 'batchRow'), { value: `${run}:1`, show: 'false', required: 'false' });
  has(one(fields.textCustomFields, 'name', 'Department'), { value: 'Research', show: 'true' });
  has(one(fields.listCustomFields, 'name', 'Region'), { value: 'North', listItems: ['North', 'South', 'Abroad'] });
});

await check('envelope: listCustomFields of the composite', async () => {
  const fields = await ask(envelopes, 'listCustomFields', accountId, fromComposite);
  has(one(fields.textCustomFields, 'name', 'batchRow'), { value: `${run}:2` });
  assert.ok(!fields.textCustomFields.some((field) => field.name === 'lost'), 'fields beside compositeTemplates are ignored');
});

await check('envelope: an unknown one is refused', async () => {
  const err = await rejected(() => envelopes.getEnvelope(accountId, randomUUID()));
  assert.ok([400, 404].includes(err.response.status), `status ${err.response.status}`);
  assert.equal(err.response.data.errorCode, 'ENVELOPE_DOES_NOT_EXIST');
});

// ---------------------------------------------------------------- finding

const ids = (list) => (list.envelopes ?? []).map((e) => e.envelopeId).sort();
const list = (options) => ask(envelopes, 'listStatusChanges', accountId, options);

await check('list: from_date', async () => {
  const found = await list({ fromDate: begun.toISOString(), count: '1000' });
  for (const id of [fromRoles, fromComposite, draft]) assert.ok(ids(found).includes(id), `${id} is in the list`);
  has(found, { resultSetSize: String(found.envelopes.length), startPosition: '0' });
  like(found.lastQueriedDateTime, moment, 'lastQueriedDateTime');
  const e = one(found.envelopes, 'envelopeId', fromRoles);
  has(e, { status: 'sent', emailSubject: 'An offer for Åsa Öberg 李', recipients: undefined });
});

await check('list: from_date in the future finds nothing', async () => {
  const found = await list({ fromDate: new Date(Date.now() + 3600_000) }); // the SDK takes dates as well
  has(found, { resultSetSize: '0', totalSetSize: '0', envelopes: undefined });
});

await check('list: custom_field, with its fields included', async () => {
  const found = await list({ fromDate: begun.toISOString(), customField: `batchRow=${run}:1`, include: 'custom_fields,recipients' });
  assert.deepEqual(ids(found), [fromRoles]);
  has(one(found.envelopes[0].customFields.textCustomFields, 'name', 'batchRow'), { value: `${run}:1` });
  assert.equal(found.envelopes[0].recipients.signers.length, 2);
});

await check('list: custom_field that nobody has', async () => {
  const found = await list({ fromDate: begun.toISOString(), customField: `batchRow=${run}:99` });
  has(found, { resultSetSize: '0', envelopes: undefined });
});

await check('list: transaction_ids, without a date', async () => {
  const unknown = randomUUID();
  const found = await list({ transactionIds: `${transactionId},${unknown}` });
  assert.deepEqual(ids(found), [fromRoles]);
});

await check('list: envelope_ids and status', async () => {
  const envelopeIds = [fromRoles, fromComposite, draft].join(',');
  assert.deepEqual(ids(await list({ envelopeIds })), [fromRoles, fromComposite, draft].sort());
  assert.deepEqual(ids(await list({ envelopeIds, status: 'created' })), [draft]);
});

await check('list: pages', async () => {
  const options = { envelopeIds: [fromRoles, fromComposite, draft].join(','), count: '2' };
  const first = await list(options);
  has(first, { resultSetSize: '2', startPosition: '0', endPosition: '1', totalSetSize: '3', previousUri: '' });
  like(first.nextUri, /^\/envelopes\?.*start_position=2/, 'nextUri');
  const second = await list({ ...options, startPosition: '2' });
  has(second, { resultSetSize: '1', startPosition: '2', endPosition: '2', totalSetSize: '3', nextUri: '' });
  assert.equal(new Set([...ids(first), ...ids(second)]).size, 3, 'each envelope stands on one page');
});

await check('list: without any condition is refused', async () => {
  await refused(() => envelopes.listStatusChanges(accountId), 400, /^INVALID_REQUEST_PARAMETER$/);
});

await check('status: by transaction IDs in the body', async () => {
  const unknown = randomUUID();
  const found = await ask(envelopes, 'listStatus', accountId, {
    transactionIds: 'request_body',
    envelopeIdsRequest: docusign.EnvelopeIdsRequest.constructFromObject({ transactionIds: [transactionId, unknown] }),
  });
  const made = one(found.envelopeTransactionStatuses, 'transactionId', transactionId);
  has(made, { envelopeId: fromRoles, status: 'sent', errorDetails: undefined });
  const absent = one(found.envelopeTransactionStatuses, 'transactionId', unknown);
  assert.equal(absent.envelopeId, undefined);
  assert.ok(absent.errorDetails.errorCode, 'what was not found has its own error');
});

await check('status: by envelope IDs in the body', async () => {
  const found = await ask(envelopes, 'listStatus', accountId, {
    envelopeIds: 'request_body',
    envelopeIdsRequest: { envelopeIds: [fromRoles, draft] },
  });
  has(one(found.envelopes, 'envelopeId', fromRoles), { status: 'sent' });
  has(one(found.envelopes, 'envelopeId', draft), { status: 'created' });
});

// ---------------------------------------------------------------- changing

const update = (id, envelope) => ask(envelopes, 'update', accountId, id, { envelope });

await check('update: send the draft', async () => {
  has(await ask(envelopes, 'getEnvelope', accountId, draft), { status: 'created', sentDateTime: undefined });
  has(await update(draft, { status: 'sent' }), { envelopeId: draft });
  const e = await ask(envelopes, 'getEnvelope', accountId, draft, { include: 'recipients,tabs' });
  has(e, { status: 'sent' });
  like(e.sentDateTime, moment, 'sentDateTime');
  judgeRecipients(e.recipients);
});

await check('update: sending it twice is refused', async () => {
  await refused(() => envelopes.update(accountId, draft, { envelope: { status: 'sent' } }), 400, /^ENVELOPE_INVALID_STATUS$/);
});

await check('update: void', async () => {
  has(await update(draft, { status: 'voided', voidedReason: 'A mistake' }), { envelopeId: draft });
  const e = await ask(envelopes, 'getEnvelope', accountId, draft);
  has(e, { status: 'voided', voidedReason: 'A mistake' });
  like(e.voidedDateTime, moment, 'voidedDateTime');
  const call = () => envelopes.update(accountId, draft, { envelope: { status: 'voided', voidedReason: 'Again' } });
  await refused(call, 400, /^ENVELOPE_CANNOT_VOID_INVALID_STATE$/);
});

await check('update: resend', async () => {
  has(await ask(envelopes, 'update', accountId, fromRoles, { resendEnvelope: 'true' }), { envelopeId: fromRoles });
});

// ---------------------------------------------------------------- in bulk

const bulk = new docusign.BulkEnvelopesApi(client);
const bulkName = `check ${run}`;

/** A recipient of a draft whose person comes from a list, as DocuSign's guide writes it. */
const placeholder = (roleName) => ({
  roleName,
  name: `Multi Bulk Recipient::${roleName}`,
  email: `multiBulkRecipients-${roleName}@docusign.com`,
});

/** A copy of a list; row -1 cannot be sent. */
const copy = (n) =>
  docusign.BulkSendingCopy.constructFromObject({
    emailSubject: n < 0 ? 'x'.repeat(101) : 'Offer for [[Employee_UserName]]',
    customFields: [{ name: 'batchRow', value: `${run}:bulk:${n}` }],
    recipients: [
      { roleName: 'Employee', name: 'Åsa Öberg', email: `asa${n}@example.test`, tabs: [{ tabLabel: 'Salary', initialValue: `${n} €` }] },
      { roleName: 'Manager', name: 'Bo Berg', email: 'bo@example.test', note: 'Please hurry' },
    ],
  });

const bulkSendingList = docusign.BulkSendingList.constructFromObject({ name: bulkName, bulkCopies: [copy(1), copy(-1), copy(2)] });

let bulkDraft;
await check('bulk: a draft with placeholders, and a custom field for it', async () => {
  const definition = { status: 'created', templateId, templateRoles: [placeholder('Employee'), placeholder('Manager')] };
  bulkDraft = judgeSummary(await create(definition), 'created');
  const customFields = { textCustomFields: [{ name: 'batchRow', value: '', show: 'false', required: 'false' }] };
  const fields = await ask(envelopes, 'createCustomFields', accountId, bulkDraft, { customFields });
  has(one(fields.textCustomFields, 'name', 'batchRow'), { value: '' });
});

let listId;
await check('bulk: createBulkSendList', async () => {
  const made = await ask(bulk, 'createBulkSendList', accountId, { bulkSendingList });
  has(made, { name: bulkName });
  like(made.listId, guid, 'listId');
  listId = made.listId;
});

await check('bulk: a list in which a role stands twice is refused', async () => {
  const wrong = { name: bulkName, bulkCopies: [copy(1)] };
  wrong.bulkCopies[0].recipients[1].roleName = 'Employee';
  const body = await refused(() => bulk.createBulkSendList(accountId, { bulkSendingList: wrong }), 400, /^BULK_SEND_ROLE_NAMES_MUST_BE_UNIQUE$/);
  like(body.message, /role Employee appears multiple times/, 'message');
});

await check('bulk: getBulkSendList and getBulkSendLists', async () => {
  const found = await ask(bulk, 'getBulkSendList', accountId, listId);
  has(found, { listId, name: bulkName });
  assert.equal(found.bulkCopies.length, 3);
  has(found.bulkCopies[0].recipients[0], { roleName: 'Employee', name: 'Åsa Öberg', email: 'asa1@example.test' });
  has(found.bulkCopies[0].recipients[0].tabs[0], { tabLabel: 'Salary', initialValue: '1 €' });
  const lists = await ask(bulk, 'getBulkSendLists', accountId);
  has(one(lists.bulkListSummaries, 'bulkSendListId', listId), { name: bulkName });
});

await check('bulk: updateBulkSendList', async () => {
  const changed = await ask(bulk, 'updateBulkSendList', accountId, listId, { bulkSendingList });
  has(changed, { listId, name: bulkName });
});

const bulkSendRequest = () => docusign.BulkSendRequest.constructFromObject({ envelopeOrTemplateId: bulkDraft, batchName: bulkName });

await check('bulk: createBulkSendTestRequest', async () => {
  const test = await ask(bulk, 'createBulkSendTestRequest', accountId, listId, { bulkSendRequest: bulkSendRequest() });
  has(test, { canBeSent: true, validationErrors: [], validationErrorDetails: [] });
});

await check('bulk: createBulkSendTestRequest finds what does not fit', async () => {
  const request = { envelopeOrTemplateId: fromRoles };
  const test = await ask(bulk, 'createBulkSendTestRequest', accountId, listId, { bulkSendRequest: request });
  has(test, { canBeSent: false, validationErrors: ['BULK_SEND_ENVELOPE_NOT_IN_SENDABLE_STATE'] });
  assert.equal(test.validationErrorDetails.length, 1);
  await refused(() => bulk.createBulkSendRequest(accountId, listId, { bulkSendRequest: request }), 400, /^BULK_SEND_ENVELOPE_NOT_IN_SENDABLE_STATE$/);
});

let batchId;
await check('bulk: createBulkSendRequest', async () => {
  const sent = await ask(bulk, 'createBulkSendRequest', accountId, listId, { bulkSendRequest: bulkSendRequest() });
  has(sent, { batchName: bulkName, batchSize: '3', envelopeOrTemplateId: bulkDraft, queueLimit: '2000', errors: [], errorDetails: [] });
  like(sent.batchId, guid, 'batchId');
  batchId = sent.batchId;
});

await check('bulk: getBulkSendBatchStatus until nothing is queued', async () => {
  let status;
  for (;;) {
    status = await ask(bulk, 'getBulkSendBatchStatus', accountId, batchId);
    assert.equal(Number(status.queued) + Number(status.sent) + Number(status.failed), 3);
    if (status.queued === '0') break;
    await new Promise((wake) => setTimeout(wake, 20));
  }
  has(status, { batchId, batchName: bulkName, batchSize: '3', sent: '2', failed: '1', envelopeIdOrTemplateId: bulkDraft, mailingListId: listId });
  has(status.envelopesInfo, { sent: '2', completed: '0', voided: '0' });
  assert.equal(status.bulkErrors.length, 1);
  has(status.bulkErrors[0], { recipientEmails: ['asa-1@example.test', 'bo@example.test'] });
  like(status.bulkErrors[0].errorMessage, /longer than 100 characters/, 'errorMessage');
});

await check('bulk: getBulkSendBatches by ID, by date and by name', async () => {
  for (const options of [{ batchIds: batchId }, { fromDate: begun.toISOString() }, { searchText: bulkName }]) {
    const found = await ask(bulk, 'getBulkSendBatches', accountId, options);
    has(found, { batchSizeLimit: '1000', queueLimit: '2000', totalQueued: '0', startPosition: '0' });
    has(one(found.bulkBatchSummaries, 'batchId', batchId), { batchName: bulkName, batchSize: '3', queued: '0', sent: '2', failed: '1' });
  }
  await refused(() => bulk.getBulkSendBatches(accountId, { batchIds: batchId, fromDate: begun.toISOString() }), 400, /^INVALID_REQUEST_PARAMETER$/);
});

await check('bulk: updateBulkSendBatchStatus renames', async () => {
  const batchName = `renamed ${run}`;
  const bulkSendBatchRequest = docusign.BulkSendBatchRequest.constructFromObject({ batchName });
  has(await ask(bulk, 'updateBulkSendBatchStatus', accountId, batchId, { bulkSendBatchRequest }), { batchId, batchName });
});

await check('bulk: getBulkSendBatchEnvelopes', async () => {
  const found = await ask(bulk, 'getBulkSendBatchEnvelopes', accountId, batchId, { count: '1', include: 'recipients', order: 'asc' });
  has(found, { resultSetSize: '1', totalSetSize: '2' });
  has(found.envelopes[0], { status: 'sent', emailSubject: 'Offer for Åsa Öberg' });
  has(one(found.envelopes[0].recipients.signers, 'roleName', 'Employee'), { email: 'asa1@example.test', status: 'sent' });
  has(one(found.envelopes[0].recipients.signers, 'roleName', 'Manager'), { note: 'Please hurry' });
});

await check('bulk: a copy is found by its custom field', async () => {
  const found = await list({ fromDate: begun.toISOString(), customField: `batchRow=${run}:bulk:2`, include: 'custom_fields' });
  assert.equal(found.envelopes.length, 1);
  has(found.envelopes[0], { status: 'sent' });
  const e = await ask(envelopes, 'getEnvelope', accountId, found.envelopes[0].envelopeId, { include: 'recipients,tabs' });
  has(one(one(e.recipients.signers, 'roleName', 'Employee').tabs.textTabs, 'tabLabel', 'Salary'), { value: '2 €' });
});

await check('bulk: deleteBulkSendList', async () => {
  const left = await ask(bulk, 'deleteBulkSendList', accountId, listId);
  assert.ok(!left.bulkListSummaries.some((summary) => summary.bulkSendListId === listId), 'the list is gone');
  await refused(() => bulk.getBulkSendList(accountId, listId), 400, /^BULK_SEND_LIST_NOT_FOUND$/);
});

await check('folders: moveEnvelopes puts the draft into the bin', async () => {
  const foldersRequest = docusign.FoldersRequest.constructFromObject({ envelopeIds: [bulkDraft] });
  const moved = await ask(new docusign.FoldersApi(client), 'moveEnvelopes', accountId, 'recyclebin', { foldersRequest });
  has(one(moved.envelopes, 'envelopeId', bulkDraft), { status: 'deleted' });
  has(await ask(envelopes, 'getEnvelope', accountId, bulkDraft), { status: 'deleted' });
});

console.log(`${passed} checks passed`);
