import { describe, expect, test } from 'vitest'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { graphOfGcc } from '../../src/toolchains/call-graph.ts'
import { findCc } from '../../src/toolchains/find.ts'
import { measureC } from '../../src/toolchains/measure.ts'
import { which } from '../../src/toolchains/programs.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import { makeFolder } from '../scratch.ts'
import { stackBound } from '../../src/toolchains/stack-bound.ts'

/** As GCC 12 writes it. */
const node = (title: string, bytes: number | string) =>
  `node: { title: "m.c:${title}" label: "${title}\\nm.c:1:2\\n${bytes} bytes (static)\\n0 dynamic objects" }\n`
const library = (title: string) => `node: { title: "${title}" label: "${title}\\n<built-in>" shape : ellipse }\n`
const edge = (from: string, to: string) => `edge: { sourcename: "m.c:${from}" targetname: "${to}" label: "m.c:3:4" }\n`

describe('the bound of the stack', () => {
  test('is that of the deepest chain of calls', () => {
    const graph = [node('run', 100), node('a', 50), node('b', 8), node('c', 60), library('memcpy')]
    const calls = [edge('run', 'm.c:a'), edge('run', 'm.c:c'), edge('a', 'm.c:b'), edge('b', 'memcpy')]
    expect(stackBound(graphOfGcc([...graph, ...calls].join('')), 'run')).toEqual({ bytes: 160, others: ['memcpy'] })
    expect(stackBound(graphOfGcc(graph.join('')), 'elsewhere')).toBeUndefined()
    // Three frames, each of which may have to begin up to 32 bytes lower.
    expect(stackBound(graphOfGcc([...graph, ...calls].join('')), 'run', 32)?.bytes).toBe(100 + 50 + 8 + 3 * 32)
  })

  test('takes a call through a pointer for one of any function', () => {
    const graph = [node('run', 100), node('gather', 40), node('other', 10), edge('run', '__indirect_call')]
    expect(stackBound(graphOfGcc(graph.join('')), 'run')).toEqual({ bytes: 140, others: [] })
    // One that calls through a pointer itself may be met through one, again and again.
    expect(stackBound(graphOfGcc([...graph, edge('other', '__indirect_call')].join('')), 'run')?.bytes).toBeUndefined()
  })

  test('is not known with recursion, or where a run decides sizes', () => {
    const circle = [node('run', 1), node('a', 1), edge('run', 'm.c:a'), edge('a', 'm.c:run')].join('')
    expect(stackBound(graphOfGcc(circle), 'run')?.bytes).toBeUndefined()
    const dynamic = node('run', 16).replace('(static)', '(dynamic)')
    expect(stackBound(graphOfGcc(dynamic), 'run')?.bytes).toBeUndefined()
  })
})

const compilers = ['gcc', 'clang'].filter((name) => which(name, process.env) !== undefined)
if (compilers.length < 2) console.log('skipped: the bound of the stack by both gcc and clang: one is not here')

describe.each(compilers)('what %s tells', (compiler) => {
  const deep = `
#define APART __attribute__((noinline))
extern void fill(char *to);
static APART int last(void) { char room[200]; fill(room); return room[7]; }
static APART int through(int (*of)(void)) { char room[400]; fill(room); return of() + room[3]; }
int run(int n) { return through(last) + n; }
`
  const circle = `
extern void fill(char *to);
int run(int n) { char room[32]; fill(room); return n ? run(n - room[0]) + room[1] : room[2]; }
`
  const open = `
extern void fill(char *to);
int run(int n) { char room[n]; fill(room); return room[n - 1]; }
`
  const measured = async (text: string) => {
    const folder = makeFolder()
    writeFileSync(join(folder, 'deep.c'), text)
    const target = resolveTarget('host')
    const toolchain = await findCc({ target, env: { ...process.env, CC: compiler } })
    const job = { source: '', includeDirs: [], target, optimize: 2, model: 'deep.onnx' } as const
    return measureC({ folder, file: 'deep.c', entry: 'run' }, job, toolchain)
  }

  test('is the depth of a chain, through pointers too', async () => {
    const { stack } = await measured(deep)
    expect(stack!.bytes).toBeGreaterThanOrEqual(600)
    expect(stack!.bytes).toBeLessThan(900)
    expect(stack!.others).toContain('fill')
  })

  test('is no bound of recursion and of arrays whose size a run decides', async () => {
    for (const text of [circle, open]) {
      const { stack } = await measured(text)
      expect(stack).toBeDefined()
      expect(stack!.bytes).toBeUndefined()
    }
  })
})
