/** A priority queue: the item with the lowest key comes first. */
export class Heap<Item> {
  private readonly items: Item[] = []
  private readonly key: (item: Item) => number

  constructor(key: (item: Item) => number) {
    this.key = key
  }

  get first(): Item | undefined {
    return this.items[0]
  }

  push(item: Item): void {
    const { items } = this
    let at = items.push(item) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (this.key(items[parent]!) <= this.key(item)) break
      items[at] = items[parent]!
      at = parent
    }
    items[at] = item
  }

  pop(): Item | undefined {
    const { items } = this
    const [first] = items
    const last = items.pop()
    if (last === undefined || items.length === 0) return first
    let at = 0
    for (let child = 1; child < items.length; child = 2 * at + 1) {
      if (child + 1 < items.length && this.key(items[child + 1]!) < this.key(items[child]!)) child++
      if (this.key(items[child]!) >= this.key(last)) break
      items[at] = items[child]!
      at = child
    }
    items[at] = last
    return first
  }
}
