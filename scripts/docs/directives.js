/** A table whose cells may hold `|`, as its kind of text wants it. */
const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n')

/** docs/directives.md, from the directives' and targets' own definitions. */
export function directivesPage({ directives, targets }) {
  const rows = Object.values(directives).map(({ syntax, summary, fallback, format }) => {
    const isWord = typeof fallback === 'string' || Number.isFinite(fallback)
    const usual = format(fallback) || (isWord ? String(fallback) : '')
    return [`\`${syntax}\``, summary, usual === '' ? '' : `\`${usual}\``]
  })
  const machines = targets.map(({ name, arch, summary }) => [`\`${name}\``, arch, summary])
  return `# Directives

Written by \`npm run docs:generate\` from \`src/request\` and \`src/targets\`.

They say how a model is compiled: in the import, for that import, or as options of the plugin, for all models. What an import says
counts more.

\`\`\`ts
import fast from './fraud.onnx?target=z16&O=3'
import small from './fraud.onnx?weights=f16'
\`\`\`

${table(['directive', 'what it does', 'default'], rows)}

An unknown directive, or a value that it does not take, is an error that names the nearest one.

## dims

As an option \`dims\` is \`{ batch: 1, seq: 128 }\`; nameless dimensions (\`'x[1]': 512\`) and ranks that an input does not state
(\`'rank(x)': 2\`) are taken, too. In an import it is \`dims=batch_1,seq_128\`, where what a specifier can't carry everywhere is written
as code points: \`dims=x=5b=1=5d=_512\`. Generated [types](types.md) know an import with any sizes. \`unplugin-onnx-mlir/client\` alone
knows the usual ones as the last directive, and others before another: \`?dims=seq_77&O=3\`.

## Targets

\`host\` is the best level that the building machine has, by name: what was built runs on every machine of that level. Code for
browsers gets \`wasm\`, whatever \`target\` says.

${table(['target', 'architecture', 'machines'], machines)}
`
}
