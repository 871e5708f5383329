// The compiler of Relay, the strictest reader of schemas: ids, nodes and connections must be as it expects them.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { schema } from './server.js';

const APPLICATION = fileURLToPath(new URL('relay', import.meta.url));
const COMPILER = fileURLToPath(new URL('node_modules/.bin/relay-compiler', import.meta.url));

/** Compiles a copy of the application, with a document more if one is given. */
function compile(t, extra) {
  const folder = mkdtempSync(join(tmpdir(), 'lethe-relay-'));
  t.after(() => rmSync(folder, { recursive: true }));
  cpSync(APPLICATION, folder, { recursive: true });
  copyFileSync(schema, join(folder, 'schema.graphql'));
  if (extra) writeFileSync(join(folder, 'src', 'extra.js'), `graphql\`${extra}\`;`);
  const { status, stdout, stderr } = spawnSync(COMPILER, ['relay.config.json'], { cwd: folder, encoding: 'utf8' });
  const generated = (name) => existsSync(join(folder, 'src', '__generated__', `${name}.graphql.js`));
  return { status, output: stdout + stderr, generated };
}

test('relay-compiler accepts the schema, with connections, refetching, mutations and subscriptions', (t) => {
  const { status, output, generated } = compile(t);
  assert.equal(status, 0, output);
  assert.doesNotMatch(output, /warn/i);
  for (const name of [
    'ContactPageQuery',
    'ContactCardRefetchQuery',
    'ContactNotesPaginationQuery',
    'ContactListPaginationQuery',
    'changesWriteNoteMutation',
    'changesImportMutation',
    'changesSubscription',
  ]) {
    assert.ok(generated(name), name);
  }
});

test('it would say so if a document did not fit', (t) => {
  const { status, output } = compile(t, 'query extraQuery { viewer { unheardOf } }');
  assert.notEqual(status, 0);
  assert.match(output, /unheardOf/);
});
