// The protocol graphql-transport-ws, by the client that defines it.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import test from 'node:test';
import WebSocket from 'ws';
import { headers, server, socket, token } from './server.js';

const shown = headers();
const url = `${server.replace(/^http/, 'ws')}/graphql/ws`;

const CHANGES = `subscription Changes($after: Position) {
  changes(after: $after) {
    position
    event { type stream { id } }
    node { ... on Contact { id lastName } }
  }
}`;

/** Registers a contact over HTTP; answers its id, and its position as a number. */
async function register(lastName) {
  const query = `mutation Register($lastName: String!) {
    contactRegister(input: { lastName: $lastName }) { contact { id } position userErrors { message } }
  }`;
  const answer = await fetch(`${server}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...shown },
    body: JSON.stringify({ query, variables: { lastName } }),
  });
  const { contact, position } = (await answer.json()).data.contactRegister;
  return { id: contact.id, position: Number(position) };
}

/** The changes after a position up to another, over a connection of their own that is closed behind them. */
async function changes(after, upTo) {
  const client = socket();
  const seen = [];
  for await (const { data, errors } of client.iterate({ query: CHANGES, variables: { after: String(after) } })) {
    assert.equal(errors, undefined);
    seen.push(data.changes);
    if (Number(data.changes.position) >= upTo) break;
  }
  await client.dispose();
  return seen;
}

/** The one answer to a query or a mutation over a connection. */
async function single(client, request) {
  const answers = [];
  for await (const answer of client.iterate(request)) answers.push(answer);
  assert.equal(answers.length, 1);
  assert.equal(answers[0].errors, undefined);
  return answers[0].data;
}

test('a change made over HTTP arrives at a subscription that waits for it', async () => {
  const before = await register('Venter');
  const client = socket();
  const waiting = client.iterate({ query: CHANGES, variables: { after: String(before.position) } });
  const next = waiting.next();
  const made = await register('Kommer');
  let change = (await next).value;
  // Other tests change things at the same time.
  while (change.data.changes.event.stream.id !== made.id) change = (await waiting.next()).value;
  const { position, event, node } = change.data.changes;
  assert.equal(Number(position), made.position);
  assert.equal(event.type, 'contact.registered');
  assert.deepEqual(node, { id: made.id, lastName: 'Kommer' });
  await client.dispose();
});

test('a client that was away resumes from its last position and misses nothing', async () => {
  const first = await register('Første');
  const seen = await changes(first.position - 1, first.position);
  const last = Number(seen.at(-1).position);
  // Nobody is connected now.
  const missed = [];
  for (let number = 0; number < 5; number += 1) missed.push(await register(`Savnet ${number}`));
  const resumed = await changes(last, missed.at(-1).position);
  const positions = resumed.map((change) => Number(change.position));
  assert.deepEqual(positions, positions.map((_, index) => last + 1 + index), 'no gap, nothing twice');
  for (const { id, position } of missed) {
    assert.equal(resumed[position - last - 1].event.stream.id, id);
  }
});

test('queries and mutations run over the socket, as the caller that its payload names', async () => {
  const client = socket('AUDITOR');
  const { viewer } = await single(client, { query: '{ viewer { role } }' });
  assert.equal(viewer.role, 'AUDITOR');
  await client.dispose();

  const consultant = socket();
  const query = `mutation Register($lastName: String!) {
    contactRegister(input: { lastName: $lastName }) { contact { lastName } userErrors { code } }
  }`;
  const { contactRegister } = await single(consultant, { query, variables: { lastName: 'Sokkel' } });
  assert.deepEqual(contactRegister, { contact: { lastName: 'Sokkel' }, userErrors: [] });
  await consultant.dispose();
});

test('a client that only listens is asked whether it is still there', async () => {
  const client = socket();
  const pinged = new Promise((resolve) => client.on('ping', resolve));
  const waiting = client.iterate({ query: CHANGES }).next();
  await pinged;
  await client.dispose();
  await waiting;
});

test('an invalid document fails its operation, by a message error, and leaves the connection open', async () => {
  const client = socket();
  // The client throws what comes as `error`; a result with errors would be a value.
  const failed = await client.iterate({ query: '{ unknown }' }).next().then(() => [], (errors) => errors);
  assert.match(failed[0].message, /unknown/);
  const { viewer } = await single(client, { query: '{ viewer { role } }' });
  assert.equal(viewer.role, 'CONSULTANT');
  await client.dispose();
});

test('a connection that does not keep to the protocol is closed with its codes', async () => {
  const payload = { Authorization: `Bearer ${token('CONSULTANT')}` };
  const init = { type: 'connection_init', payload };
  const subscribe = { id: '1', type: 'subscribe', payload: { query: '{ viewer { role } }' } };
  for (const [expected, ...messages] of [
    [4401, subscribe],
    [4400, { type: 'nonsense' }],
    [4400, { ...init, payload: { ...payload, 'X-Lethe-Unit': 'nobody' } }],
    [4401, { ...init, payload: {} }],
    [4401, { ...init, payload: { Authorization: 'Bearer nonsense' } }],
    [4403, { ...init, payload: { ...payload, 'X-Lethe-Role': 'AUDITOR' } }],
    [4429, init, init],
    [4409, init, { ...subscribe, payload: { query: CHANGES } }, subscribe],
  ]) {
    const socket = new WebSocket(url, 'graphql-transport-ws');
    await once(socket, 'open');
    for (const message of messages) socket.send(JSON.stringify(message));
    const [code] = await once(socket, 'close');
    assert.equal(code, expected, JSON.stringify(messages));
  }
});

test('a client that does not speak the protocol is refused', async () => {
  const [error] = await once(new WebSocket(url, 'graphql-ws'), 'error');
  assert.match(error.message, /400/);
});
