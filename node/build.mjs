/** Builds the package into dist: ES modules, and CommonJS, in which jest runs tests by default. */

import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
const compile = (project) => execFileSync(process.execPath, [tsc, '--project', project], { cwd: root, stdio: 'inherit' });

rmSync(join(root, 'dist'), { recursive: true, force: true });
compile('tsconfig.json');
compile('tsconfig.cjs.json');
// The kind of a module follows from the nearest package.json.
writeFileSync(join(root, 'dist/cjs/package.json'), '{ "type": "commonjs" }\n');
chmodSync(join(root, 'dist/esm/cli.js'), 0o755);
// npm packs no file from outside of the folder.
copyFileSync(join(root, '../LICENSE'), join(root, 'LICENSE'));
