// "GraphQL over HTTP", by the audit of its reference implementation.

import assert from 'node:assert/strict';
import test from 'node:test';
import { auditServer } from 'graphql-http';
import { headers, server } from './server.js';

/** What the server does otherwise than a SHOULD or MAY of the audit wants, and why: id of the audit → reason. */
const EXCEPTIONS = {};

test('every MUST of the audit passes, and every SHOULD and MAY that is not listed with its reason', async (t) => {
  const shown = headers();
  const fetchFn = (url, init = {}) => fetch(url, { ...init, headers: { ...init.headers, ...shown } });
  const results = await auditServer({ url: `${server}/graphql`, fetchFn });
  const strict = results.filter(({ name }) => name.startsWith('MUST '));
  assert.ok(strict.length >= 13, 'the audit has the requirements it had when it was written down here');
  for (const { id, name, status, reason } of results) {
    await t.test(`${id} ${name}`, () => {
      if (id in EXCEPTIONS) {
        assert.ok(!name.startsWith('MUST '), 'a MUST has no exception');
        assert.notEqual(status, 'ok', 'it passes now: take it off the list');
      } else {
        assert.equal(status, 'ok', reason);
      }
    });
  }
  const known = results.map(({ id }) => id);
  assert.deepEqual(Object.keys(EXCEPTIONS).filter((id) => !known.includes(id)), [], 'exceptions the audit knows');
});
