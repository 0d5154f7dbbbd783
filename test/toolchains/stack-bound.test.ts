import { describe, expect, test } from 'vitest'
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
    expect(stackBound([...graph, ...calls].join(''), 'run')).toEqual({ bytes: 160, others: ['memcpy'] })
    expect(stackBound(graph.join(''), 'elsewhere')).toBeUndefined()
    // Three frames, each of which may have to begin up to 32 bytes lower.
    expect(stackBound([...graph, ...calls].join(''), 'run', 32)?.bytes).toBe(100 + 50 + 8 + 3 * 32)
  })

  test('takes a call through a pointer for one of any function', () => {
    const graph = [node('run', 100), node('gather', 40), node('other', 10), edge('run', '__indirect_call')]
    expect(stackBound(graph.join(''), 'run')).toEqual({ bytes: 140, others: [] })
    // One that calls through a pointer itself may be met through one, again and again.
    expect(stackBound([...graph, edge('other', '__indirect_call')].join(''), 'run')?.bytes).toBeUndefined()
  })

  test('is not known with recursion, or where a run decides sizes', () => {
    expect(
      stackBound([node('run', 1), node('a', 1), edge('run', 'm.c:a'), edge('a', 'm.c:run')].join(''), 'run')?.bytes,
    ).toBeUndefined()
    expect(stackBound(node('run', 16).replace('(static)', '(dynamic)'), 'run')?.bytes).toBeUndefined()
  })
})
