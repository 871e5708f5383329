// The requests of the README as they stand there, pasted one after another into an ordinary client.

import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { Client, fetchExchange } from '@urql/core';
import { headers, server, socket } from './server.js';

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const requests = [...README.matchAll(/^```graphql\n(.*?)^```$/gms)].map(([, request]) => request);

const as = (headers) =>
  new Client({
    url: `${server}/graphql`,
    exchanges: [fetchExchange],
    requestPolicy: 'network-only',
    fetchOptions: { headers },
  });
const client = as(headers('CONSULTANT'));
const dpm = as(headers('DPM'));

/** The answer to a request that is neither refused nor fails. */
async function answer(request) {
  // As the README says, whoever reads the access log and erases is the DPM.
  const caller = /accessLog|contactErasurePreview|contactAnonymise/.test(request) ? dpm : client;
  const send = request.startsWith('mutation') ? caller.mutation(request, {}) : caller.query(request, {});
  const { data, error } = await send.toPromise();
  assert.equal(error, undefined, request);
  const payload = Object.values(data)[0];
  if (payload.userErrors) assert.deepEqual(payload.userErrors, [], request);
  return payload;
}

test('every request of the README works as it stands', async () => {
  const answers = [];
  let contact;
  let token;
  for (const request of requests.filter((request) => !request.startsWith('subscription'))) {
    const filled = request
      .replaceAll('"CONTACT"', `"${contact}"`)
      .replaceAll('"TOKEN"', `"${token}"`)
      .replaceAll('"KEY"', `"${crypto.randomUUID()}"`);
    answers.push(await answer(filled));
    contact ??= answers.at(-1).contact?.id;
    token ??= answers.at(-1).preview?.token;
  }
  const history = answers.find((answer) => answer.history && answer.consents);
  assert.equal(history.firstName, 'Åse');
  assert.deepEqual(history.notes.nodes, [
    { text: 'Wants to open a second bakery in the spring.', expiresOn: '2030-06-01' },
  ]);
  assert.deepEqual(history.consents.nodes, [{ purpose: 'NEWSLETTER', status: 'WITHDRAWN' }]);
  assert.equal(history.nextExpiry, '2030-06-01');
  assert.equal(history.history.nodes[0].type, 'contact.registered');
  assert.equal(answers.find((answer) => answer.cpr && answer.entry).cpr, '310765-7913');
  const logs = answers.filter((answer) => answer.accessLog);
  assert.deepEqual(logs.map((answer) => answer.cpr), ['310765-****', null]);
  for (const { accessLog } of logs) assert.deepEqual(accessLog.nodes.map((entry) => entry.purpose), ['CASE_WORK']);
  const erased = answers.find((answer) => answer.erasure);
  assert.equal(erased.status, 'ERASED');
  assert.deepEqual(erased.erasure, { state: 'ERASED', finalAt: null, certificate: null });
});

test('the subscription of the README tells what happens', async () => {
  const [query] = requests.filter((request) => request.startsWith('subscription'));
  const following = socket();
  const next = following.iterate({ query }).next();
  // It may begin behind any of them.
  let told;
  next.then(() => (told = true));
  while (!told) await answer('mutation { contactRegister(input: { lastName: "Ny" }) { userErrors { code } } }');
  const { data, errors } = (await next).value;
  assert.equal(errors, undefined);
  assert.match(data.changes.position, /^\d+$/);
  await following.dispose();
});
