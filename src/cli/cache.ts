import { type Cache, type ListedEntry, openCache } from '../cache/index.ts'
import type { Command, Invocation, Outcome } from './command.ts'
import { parseSize } from './size.ts'
import { bytesText, table } from './style.ts'
import { summaries } from './summaries.ts'

const actions = ['list', 'dir', 'clear', 'prune'] as const

export const cache: Command = {
  name: 'cache',
  summary: summaries.cache,
  positionals: { usage: `[${actions.join('|')}]`, min: 0, max: 1 },
  options: {
    cache: {
      type: 'string',
      value: 'DIR',
      help: "its folder (default: ONNX_MLIR_CACHE_DIR, the project's, or the user's)",
    },
    'max-size': { type: 'string', value: 'SIZE', help: 'for prune: what to bring it below, e.g. 500MB or 1GB' },
  },
  async run(invocation) {
    const { positionals, values, usage, warn } = invocation
    const action = actions.find((candidate) => candidate === (positionals[0] ?? 'list'))
    if (action === undefined)
      throw usage(`there is no ${JSON.stringify(positionals[0])}; there are ${actions.join(', ')}`)
    if (action !== 'prune' && values['max-size']) throw usage('--max-size is for prune')
    const opened = openCache({ ...(values['cache'] && { root: values['cache'] }), warn })
    switch (action) {
      case 'list':
        return list(opened)
      case 'dir':
        return {
          ok: true,
          text: opened.store.folder ?? 'none: no folder can be written',
          json: { folder: folderOf(opened) },
        }
      case 'clear':
        return freed(opened, await opened.store.clear())
      case 'prune':
        return freed(opened, await opened.store.prune(sizeOption(invocation)))
    }
  },
}

function folderOf({ store }: Cache): string | null {
  return store.folder ?? null
}

function freed(opened: Cache, bytes: number): Outcome {
  return { ok: true, text: `${bytesText(bytes)} freed`, json: { folder: folderOf(opened), freed: bytes } }
}

async function list(opened: Cache): Promise<Outcome> {
  const entries = (await opened.store.list()).map(describe)
  const bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0)
  const rows = entries.map(({ key, target, compiler, used, bytes: size }) => [
    key.slice(0, 12),
    bytesText(size),
    target ?? '-',
    compiler ?? '-',
    used.toISOString().slice(0, 16).replace('T', ' '),
  ])
  const sum = `${entries.length} entries, ${bytesText(bytes)}, in ${opened.store.folder ?? 'no folder'}`
  return {
    ok: true,
    text: [...(rows.length > 0 ? [table(rows)] : []), sum].join('\n'),
    json: { folder: folderOf(opened), bytes, entries },
  }
}

/** What an entry holds, where it is an artifact: other things of ours may lie there too. */
function describe({ key, bytes, used, meta }: ListedEntry) {
  const facts = (meta as { facts?: { target?: unknown; compiler?: { name?: unknown; version?: unknown } } } | null)
    ?.facts
  const target = facts?.target
  const compiler = facts?.compiler
  return {
    key,
    bytes,
    used,
    ...(typeof target === 'string' && { target }),
    ...(compiler && { compiler: `${String(compiler.name)} ${String(compiler.version)}` }),
  }
}

function sizeOption({ values, usage }: Invocation): number {
  const text = values['max-size']
  if (text === undefined) throw usage('prune needs --max-size SIZE')
  const size = parseSize(text)
  if (size === undefined) throw usage(`--max-size must be like 500MB or 1GB, not ${JSON.stringify(text)}`)
  return size
}
