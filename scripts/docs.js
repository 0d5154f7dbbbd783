// Writes what comes from the sources, pages of docs/ and client.d.ts: `npm run docs:generate`. Tests fail where they are not what it writes.
import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { cliPage } from './docs/cli.js'
import { directivesPage } from './docs/directives.js'
import { operatorsPage } from './docs/operators.js'

const dist = (path) => new URL(`../dist/${path}`, import.meta.url)
const say = (args) =>
  execFileSync(process.execPath, [fileURLToPath(dist('cli/main.js')), ...args], { encoding: 'utf8' })

const sources = [
  'ops/index.js',
  'onnx/element-type.js',
  'graph/builder.js',
  'graph/graph.js',
  'request/directives.js',
  'targets/table.js',
  'emit/client-types.js',
]
const [
  { operators },
  { elementTypes },
  { INTERNAL_OPSET: newest },
  graph,
  { directives },
  { targets },
  { clientTypes },
] = await Promise.all(sources.map((path) => import(dist(path).href)))

const pages = {
  'operators.md': operatorsPage(operators, { elementTypes, newest, graph }),
  'directives.md': directivesPage({ directives, targets }),
  'cli.md': await cliPage(say),
}
await writeFile(new URL('../client.d.ts', import.meta.url), clientTypes(directives))
for (const [name, page] of Object.entries(pages)) await writeFile(new URL(`../docs/${name}`, import.meta.url), page)
