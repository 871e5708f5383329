// The requests of the README as they stand there, pasted one after another into an ordinary client.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { Client, fetchExchange } from '@urql/core';
import { server, socket } from './server.js';

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const requests = [...README.matchAll(/^```graphql\n(.*?)^```$/gms)].map(([, request]) => request);

const client = new Client({ url: `${server}/graphql`, exchanges: [fetchExchange], requestPolicy: 'network-only' });

/** The answer to a request that is neither refused nor fails. */
async function answer(request) {
  const send = request.startsWith('mutation') ? client.mutation(request, {}) : client.query(request, {});
  const { data, error } = await send.toPromise();
  assert.equal(error, undefined, request);
  const payload = Object.values(data)[0];
  if (request.startsWith('mutation')) assert.deepEqual(payload.userErrors, [], request);
  return payload;
}

test('every request of the README works as it stands', async () => {
  const answers = [];
  let contact;
  for (const request of requests.filter((request) => !request.startsWith('subscription'))) {
    answers.push(await answer(contact ? request.replaceAll('"CONTACT"', `"${contact}"`) : request));
    contact ??= answers.at(-1).contact?.id;
  }
  const history = answers.at(-1);
  assert.equal(history.firstName, 'Åse');
  assert.deepEqual(history.notes.nodes, [
    { text: 'Wants to open a second bakery in the spring.', expiresOn: '2030-06-01' },
  ]);
  assert.deepEqual(history.consents.nodes, [{ purpose: 'NEWSLETTER', status: 'WITHDRAWN' }]);
  assert.equal(history.nextExpiry, '2030-06-01');
  assert.equal(history.history.nodes[0].type, 'contact.registered');
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
