// The vendor's command line, as published: each command evaluates its file anew, in this one process.
import { Command } from 'commander';
import { fileURLToPath } from 'node:url';

const file = import.meta.resolve('@makehq/cli/package.json').replace('package.json', 'dist/index.js');
console.log(file, fileURLToPath(file));
