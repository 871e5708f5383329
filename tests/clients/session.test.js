// The README's session, by an ordinary GraphQL client.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { Client, fetchExchange } from '@urql/core';
import { document, headers, server, socket } from './server.js';

const FILE = readFileSync(new URL('session/contacts.csv', import.meta.url));

const client = new Client({
  url: `${server}/graphql`,
  exchanges: [fetchExchange],
  fetchOptions: { headers: headers() },
});

/** The answer to a query of the session. */
async function query(name, variables) {
  const { data, error } = await client.query(document(name), variables).toPromise();
  assert.equal(error, undefined);
  return data;
}

/** The payload of a mutation of the session that must not be refused. */
async function mutate(name, variables) {
  const { data, error } = await client.mutation(document(name), variables).toPromise();
  assert.equal(error, undefined);
  const [payload] = Object.values(data);
  assert.deepEqual(payload.userErrors, []);
  return payload;
}

/** The report of an import of the session's file, once it is complete. */
async function imported() {
  const file = new File([FILE], 'contacts.csv', { type: 'text/csv' });
  const { operation } = await mutate('7-contacts-import', { file });
  await finished(operation.id);
  return (await query('8-import-report', { operationId: operation.id })).node;
}

/** Follows an operation until it has come to its end. */
async function finished(operationId) {
  const watching = socket();
  const changes = watching.iterate({
    query: `subscription Watch($operationId: ID!, $after: Position!) {
      changes(of: $operationId, after: $after) { node { ... on Operation { status } } }
    }`,
    variables: { operationId, after: '0' },
  });
  for await (const { data } of changes) {
    if (data.changes.node.status === 'FINISHED') break;
  }
  await watching.dispose();
}

function inAYear() {
  const day = new Date();
  day.setUTCFullYear(day.getUTCFullYear() + 1);
  return day.toISOString().slice(0, 10);
}

test('the session of the README runs from the first query to the imported file', async (t) => {
  let contactId;
  const expiresOn = inAYear();

  await t.test('the caller is a consultant of a demo unit', async () => {
    const { viewer } = await query('1-viewer');
    assert.equal(viewer.role, 'CONSULTANT');
    assert.equal(viewer.unit.country, 'DK');
  });

  await t.test('a contact is registered', async () => {
    const { contact, position } = await mutate('2-contact-register');
    contactId = contact.id;
    assert.equal(contact.version, 1);
    assert.equal(contact.lastName, 'Sjö-Bækgaard');
    assert.equal(contact.mobile, '+46701740605');
    assert.match(position, /^[1-9]\d*$/);
  });

  await t.test('a note on it expires', async () => {
    const { note } = await mutate('3-note-write', { contactId, expiresOn });
    assert.match(note.text, /second bakery/);
    assert.deepEqual([note.expiresOn, note.effect], [expiresOn, 'DELETE']);
    assert.deepEqual(note.contacts, [{ firstName: 'Åse' }]);
  });

  await t.test('a consent is given and withdrawn', async () => {
    const given = await mutate('4-consent-give', { contactId });
    assert.equal(given.consent.status, 'GIVEN');
    assert.match(given.consent.wording, /every month/);
    const withdrawn = await mutate('5-consent-withdraw', { contactId });
    assert.equal(withdrawn.consent.id, given.consent.id);
    assert.equal(withdrawn.consent.status, 'WITHDRAWN');
    assert.ok(withdrawn.consent.withdrawnAt >= given.consent.effectiveAt);
  });

  await t.test('the history of the contact tells it all', async () => {
    const { contact } = await query('6-history', { contactId });
    assert.equal(contact.nextExpiry, expiresOn);
    assert.deepEqual(contact.notes.nodes.map((note) => note.expiresOn), [expiresOn]);
    const [consent] = contact.consents.nodes;
    assert.equal(consent.status, 'WITHDRAWN');
    assert.equal(consent.history.nodes.length, 2);
    const [registered] = contact.history.nodes;
    assert.equal(registered.type, 'contact.registered');
    assert.equal(registered.caller.role, 'CONSULTANT');
    const name = registered.changes.find((change) => change.field === 'firstName');
    assert.deepEqual(name.value, { __typename: 'TextValue', text: 'Åse' });
  });

  await t.test('a file is imported, and a row that is refused says where and why', async () => {
    const report = await imported();
    assert.deepEqual([report.status, report.total], ['FINISHED', 3]);
    assert.deepEqual([report.created, report.existing, report.refused], [2, 0, 1]);
    const rows = report.outcomes.nodes;
    assert.deepEqual(
      rows.map(({ row, outcome, code, column }) => [row, outcome, code, column]),
      [
        [2, 'CREATED', null, null],
        [3, 'CREATED', null, null],
        [4, 'REFUSED', 'INVALID_VALUE', 'email'],
      ],
    );
    const { contact } = await query('6-history', { contactId: rows[1].objectId });
    assert.equal(contact.firstName, 'Zoë');
    const again = await imported();
    assert.deepEqual([again.created, again.existing, again.refused], [0, 2, 1]);
    const ids = (of) => of.outcomes.nodes.map(({ objectId }) => objectId);
    assert.deepEqual(ids(again), ids(report), 'the same file again doubles nothing');
  });
});
