/** A function of a compiled file. */
export interface Called {
  /** Bytes of its frame; `undefined` where a run decides. */
  readonly own: number | undefined
  /** It is of another file. */
  readonly isOther: boolean
  readonly calls: Set<string>
}

/** Functions by title, which is their name or ends with it behind a colon. */
export type CallGraph = ReadonlyMap<string, Called>

/** What is called through a pointer. */
export const INDIRECT = '__indirect_call'

/** GCC's graph of calls with frame sizes (`-fcallgraph-info=su`, a VCG text). */
export function graphOfGcc(text: string): CallGraph {
  const functions = new Map<string, Called>()
  for (const [, title = '', label = ''] of text.matchAll(/^node: \{ title: "([^"]*)" label: "([^"]*)"/gm)) {
    const frame = /\\n(\d+) bytes \(([\w,]+)\)/.exec(label)
    const isBounded = frame !== null && frame[2] !== 'dynamic'
    functions.set(title, { own: isBounded ? Number(frame[1]) : undefined, isOther: !frame, calls: new Set() })
  }
  for (const [, from = '', to = ''] of text.matchAll(/^edge: \{ sourcename: "([^"]*)" targetname: "([^"]*)"/gm))
    functions.get(from)?.calls.add(to)
  return functions
}

/**
 * The same from clang, which tells frame sizes (`-fstack-usage`: file:line:function, bytes, kind), and calls in its intermediate code as it is
 * optimised (`-S -emit-llvm`). What the machine needs functions for that C doesn't call is not in it.
 *
 * @param besides bytes that a call takes beside the frame: the address to return to, where calls push it
 */
export function graphOfClang(code: string, usage: string, besides: number): CallGraph {
  const functions = new Map<string, Called>()
  for (const [, name = '', bytes, kind = ''] of usage.matchAll(/:([^:\t\n]+)\t(\d+)\t([\w,]+)$/gm))
    functions.set(name, {
      own: kind === 'dynamic' ? undefined : Number(bytes) + besides,
      isOther: false,
      calls: new Set(),
    })
  for (const [, name = '', body = ''] of code.matchAll(/^define [^@\n]*@"?([\w.$]+)"?\(.*\{\n([^]*?)^\}/gm))
    for (const [, called = ''] of body.matchAll(/ call .*? (?:@"?([\w.$]+)"?|%[\w.]+)\(/g)) {
      if (called.startsWith('llvm.')) continue
      functions.get(name)?.calls.add(called || INDIRECT)
      if (called && !functions.has(called)) functions.set(called, { own: undefined, isOther: true, calls: new Set() })
    }
  return functions
}
