/** What has a place in memory over part of a run: positions `from` … `to`, both inclusive, and bytes `begin` … `end`. */
export interface Placed {
  readonly from: number
  readonly to: number
  readonly begin: number
  readonly end: number
}

/**
 * Placed things by when they live (a segment tree over positions: each is kept at the few nodes that make up its life),
 * so that finding those alive at a time does not mean to look at all.
 */
export class Lives {
  private readonly width: number
  private readonly here: Placed[][] = []
  /** Highest `end` of what is kept at a node or below it; 0 where there is nothing. */
  private readonly highest: number[] = []

  /** `positions`: lives end before this one. */
  constructor(positions: number) {
    this.width = 2 ** Math.ceil(Math.log2(Math.max(1, positions)))
  }

  add(placed: Placed, node = 1, low = 0, high = this.width - 1): void {
    if (high < placed.from || low > placed.to) return
    this.highest[node] = Math.max(this.highest[node] ?? 0, placed.end)
    if (placed.from <= low && high <= placed.to) {
      ;(this.here[node] ??= []).push(placed)
      return
    }
    const middle = (low + high) >> 1
    this.add(placed, 2 * node, low, middle)
    this.add(placed, 2 * node + 1, middle + 1, high)
  }

  /** All that is alive at some position from `from` to `to`. */
  during(from: number, to: number): Set<Placed> {
    const found = new Set<Placed>()
    const visit = (node: number, low: number, high: number): void => {
      if (high < from || low > to || !this.highest[node]) return
      for (const placed of this.here[node] ?? []) found.add(placed)
      if (low === high) return
      const middle = (low + high) >> 1
      visit(2 * node, low, middle)
      visit(2 * node + 1, middle + 1, high)
    }
    visit(1, 0, this.width - 1)
    return found
  }

  /** The end of all that `during` would give. */
  endDuring(from: number, to: number): number {
    const visit = (node: number, low: number, high: number): number => {
      if (high < from || low > to) return 0
      if (from <= low && high <= to) return this.highest[node] ?? 0
      const middle = (low + high) >> 1
      const ends = (this.here[node] ?? []).map(({ end }) => end)
      return ends.reduce(
        (a, b) => Math.max(a, b),
        Math.max(visit(2 * node, low, middle), visit(2 * node + 1, middle + 1, high)),
      )
    }
    return visit(1, 0, this.width - 1)
  }
}
