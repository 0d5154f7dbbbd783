#!/usr/bin/env node
// Stands in for onnx-mlir in tests: takes only the flags of a given help text, as the real driver does, and gives prepared answers.
// It is copied to where a test wants an `onnx-mlir`; `answers.json` beside it says how it behaves, and what it was asked is added to `asked.jsonl`.
const fs = require('node:fs')
const path = require('node:path')

const here = path.dirname(fs.realpathSync(__filename))
const { help, version, unknownFlagExit, answers } = JSON.parse(fs.readFileSync(path.join(here, 'answers.json'), 'utf8'))
const args = process.argv.slice(2)

function print(stream, text) {
  // The real driver's output is complete when it exits, also into a pipe.
  fs.writeSync(stream, text)
}

function flagNames(text) {
  return new Set([...text.matchAll(/^ {2,6}--?([A-Za-z0-9][\w.+-]*)/gm)].map((match) => match[1]))
}

/** LLVM's option parser: unknown options end it, `-o x` and `-j x` take the next word, what is left is the input. */
function parse() {
  const known = flagNames(help)
  const flags = new Map()
  const inputs = []
  for (let i = 0; i < args.length; i++) {
    const match = /^--?([A-Za-z0-9][\w.+-]*)(?:=(.*))?$/s.exec(args[i])
    if (!match) inputs.push(args[i])
    else if (!known.has(match[1])) {
      const text = `onnx-mlir: Unknown command line argument '${args[i]}'.  Try: 'onnx-mlir --help'\nFailed to parse options\n`
      print(2, text)
      process.exit(unknownFlagExit)
    } else if (match[1].length === 1 && match[2] === undefined && match[1] !== 'v') flags.set(match[1], args[++i])
    else flags.set(match[1], match[2] ?? true)
  }
  return { flags, inputs }
}

if (args[0] === '--version') print(1, version)
else if (args[0] === '--help' || args[0] === '--help-hidden') print(1, help)
else compile(parse())

function compile({ flags, inputs }) {
  const [model] = inputs
  const output = flags.get('o')
  const asked = {
    args,
    env: process.env,
    files: fs.readdirSync('.', { recursive: true }).sort(),
    side: Object.fromEntries(
      fs
        .readdirSync('.')
        .filter((name) => name.endsWith('.json'))
        .map((name) => [name, fs.readFileSync(name, 'utf8')]),
    ),
    links: model && fs.existsSync(model) ? fs.lstatSync(model).nlink : undefined,
    symbolic: model && fs.existsSync(model) ? fs.lstatSync(model).isSymbolicLink() : undefined,
    cwd: process.cwd(),
  }
  fs.appendFileSync(path.join(here, 'asked.jsonl'), JSON.stringify(asked) + '\n')
  const answer = answers.find(({ when }) =>
    Object.entries(when).every(([flag, value]) => (flags.has(flag) ? String(flags.get(flag)) : 'absent') === value),
  )
  if (!answer) {
    print(2, `stand-in: no answer for ${args.join(' ')}\n`)
    process.exit(99)
  }
  const named = (text) => text.replaceAll(/\bmodel(?=\.(so|o|tmp|jar|constants\.bin|onnx\.mlir)\b)/g, output)
  print(1, named(answer.stdout ?? ''))
  print(2, named(answer.stderr ?? ''))
  for (const [name, { base64, text, copy }] of Object.entries(answer.files ?? {})) {
    const to = name.startsWith('.') ? output + name : String(flags.get(name))
    if (copy !== undefined) fs.copyFileSync(copy, to)
    else fs.writeFileSync(to, base64 === undefined ? text : Buffer.from(base64, 'base64'))
  }
  if (answer.ending === 'hang') setInterval(() => {}, 1000)
  else if (answer.ending === 'eat memory') {
    const eaten = []
    setInterval(() => eaten.push(Buffer.alloc(32 << 20, 1)), 20)
  } else if (answer.ending === 'crash') process.kill(process.pid, answer.signal ?? 'SIGSEGV')
  else process.exit(answer.exit ?? 0)
}
