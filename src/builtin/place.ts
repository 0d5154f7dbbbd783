import { Heap } from './heap.ts'
import { Lives } from './lives.ts'

/** Something that wants a place, for positions `from` … `to` of a run, both inclusive. */
export interface Life {
  readonly from: number
  readonly to: number
}

/**
 * Looks at neighbours in the arena that placing may take: more than models have, who keep some dozen values at a time.
 * Where thousands are alive at once, what is left after these goes behind its neighbours instead of between them.
 */
const MOST_LOOKS = 4_000_000

/**
 * Offsets in one arena for things of known size: the largest are placed first, each at the lowest offset that is free over
 * its whole life.
 */
export function placeInArena<T extends Life & { readonly bytes: number }>(
  wanting: readonly T[],
): { readonly offsets: ReadonlyMap<T, number>; readonly bytes: number } {
  const offsets = new Map<T, number>()
  const lives = new Lives(wanting.reduce((last, { to }) => Math.max(last, to), 0) + 1)
  let size = 0
  let looks = 0
  for (const one of wanting.toSorted((a, b) => b.bytes - a.bytes)) {
    const { from, to, bytes } = one
    let begin = 0
    if (looks > MOST_LOOKS) begin = lives.endDuring(from, to)
    else {
      const neighbours = [...lives.during(from, to)].sort((a, b) => a.begin - b.begin)
      looks += neighbours.length
      for (const other of neighbours) {
        if (begin + bytes <= other.begin) break
        begin = Math.max(begin, other.end)
      }
    }
    lives.add({ from, to, begin, end: begin + bytes })
    offsets.set(one, begin)
    size = Math.max(size, begin + bytes)
  }
  return { offsets, bytes: size }
}

/** A slot for each thing whose size is not known, the first that is free when its life begins. */
export function placeInSlots<T extends Life>(
  wanting: readonly T[],
): { readonly slots: ReadonlyMap<T, number>; readonly count: number } {
  const slots = new Map<T, number>()
  const free = new Heap<number>((slot) => slot)
  const busy = new Heap<{ readonly slot: number; readonly to: number }>(({ to }) => to)
  let count = 0
  for (const one of wanting.toSorted((a, b) => a.from - b.from)) {
    while (busy.first && busy.first.to < one.from) free.push(busy.pop()!.slot)
    const slot = free.pop() ?? count++
    busy.push({ slot, to: one.to })
    slots.set(one, slot)
  }
  return { slots, count }
}
