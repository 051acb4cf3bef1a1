// Reads an AsyncAPI document from standard input and writes what the official parser says of it, as JSON.
import { readFileSync } from 'node:fs';
import parser from '@asyncapi/parser';

const { document, diagnostics } = await new parser.Parser().parse(readFileSync(0, 'utf-8'));
process.stdout.write(JSON.stringify({ read: document !== undefined, diagnostics }));
