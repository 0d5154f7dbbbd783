import type { Point } from './raster.js'

/** How far one press of a key goes, in widths of the pad. */
const step = 0.05
/** The cursor stays where its line is seen. */
const margin = 0.05

/** Where keys go: arrows, and the four around them on a number pad. */
const directions: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  Home: [-1, -1],
  PageUp: [1, -1],
  End: [-1, 1],
  PageDown: [1, 1],
}

export interface CursorListeners {
  moved(place: Point): void
  penSet(place: Point): void
  penLifted(): void
}

/** A pen that keys move. It shows itself at the first key. */
export class Cursor {
  penDown = false
  private shown = false
  private x = 0.5
  private y = 0.3
  /** Keys that are held: two arrows at once go aslant. */
  private readonly held = new Set<string>()
  private readonly listeners: CursorListeners

  constructor(listeners: CursorListeners) {
    this.listeners = listeners
  }

  press(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    if (event.key in directions) {
      this.held.add(event.key)
      this.move()
    } else if (event.key === ' ') {
      if (!event.repeat) this.toggle()
    } else return
    // Pages scroll with these keys.
    event.preventDefault()
  }

  release({ key }: KeyboardEvent): void {
    this.held.delete(key)
  }

  /** Lifts the pen. */
  lift(): void {
    if (!this.penDown) return
    this.penDown = false
    this.listeners.penLifted()
  }

  /** Lifts the pen and hides the cursor. */
  leave(): void {
    this.lift()
    this.held.clear()
    this.shown = false
  }

  /** A ring, filled where the pen is down. @param width of the canvas, in its pixels */
  draw(context: CanvasRenderingContext2D, width: number): void {
    if (!this.shown) return
    context.lineWidth = width * 0.006
    context.beginPath()
    context.arc(width * this.x, width * this.y, width * 0.035, 0, 2 * Math.PI)
    context.stroke()
    if (this.penDown) context.fill()
  }

  private toggle(): void {
    this.shown = true
    if (this.penDown) this.lift()
    else {
      this.penDown = true
      this.listeners.penSet(this.place)
    }
    this.listeners.moved(this.place)
  }

  private move(): void {
    this.shown = true
    const ways = [...this.held].map((key) => directions[key] ?? [0, 0])
    this.x = within(this.x + step * Math.sign(sum(ways.map(([x]) => x))))
    this.y = within(this.y + step * Math.sign(sum(ways.map(([, y]) => y))))
    this.listeners.moved(this.place)
  }

  private get place(): Point {
    return [this.x, this.y]
  }
}

function within(value: number): number {
  return Math.min(1 - margin, Math.max(margin, value))
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0)
}
