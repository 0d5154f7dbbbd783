import { Cursor } from './cursor.ts'
import type { Point, Stroke } from './raster.js'

/** Width of the line at pressure 0.5, in widths of the pad. */
const penWidth = 0.055

export interface Listeners {
  /** The drawing is another. */
  changed(): void
  /** Something that only eyes would notice. */
  said(news: string): void
}

/** A canvas to draw on with mouse, finger, pen or keys. Points are in widths of the pad. */
export class Pad {
  private readonly drawn: Point[][] = []
  private readonly canvas: HTMLCanvasElement
  private readonly listeners: Listeners
  private readonly cursor: Cursor
  /** The pointer that draws, as others that touch the pad meanwhile don't. */
  private pointer: number | undefined

  constructor(canvas: HTMLCanvasElement, listeners: Listeners) {
    this.canvas = canvas
    this.listeners = listeners
    this.cursor = new Cursor({
      moved: (place) => {
        if (this.cursor.penDown) this.drawn.at(-1)?.push(place)
        this.change()
      },
      penSet: (place) => {
        this.drawn.push([place])
        this.listeners.said('Pen down')
        this.change()
      },
      penLifted: () => this.listeners.said('Pen up'),
    })
    canvas.addEventListener('pointerdown', (event) => this.begin(event))
    canvas.addEventListener('pointermove', (event) => this.follow(event))
    for (const type of ['pointerup', 'pointercancel'] as const)
      canvas.addEventListener(type, (event) => this.end(event))
    canvas.addEventListener('keydown', (event) => this.cursor.press(event))
    canvas.addEventListener('keyup', (event) => this.cursor.release(event))
    canvas.addEventListener('blur', () => {
      this.cursor.leave()
      this.redraw()
    })
    new ResizeObserver(() => this.fit()).observe(canvas)
  }

  get strokes(): readonly Stroke[] {
    return this.drawn
  }

  /** A line has begun and not ended. */
  get drawing(): boolean {
    return this.pointer !== undefined || this.cursor.penDown
  }

  /** Takes the last line back. */
  undo(): void {
    this.stop()
    this.drawn.pop()
    this.change()
  }

  clear(): void {
    this.stop()
    this.drawn.length = 0
    this.change()
  }

  /** Draws all anew, as after other colours. */
  redraw(): void {
    const context = this.canvas.getContext('2d')
    if (!context) return
    const { width } = this.canvas
    context.clearRect(0, 0, width, width)
    context.strokeStyle = context.fillStyle = getComputedStyle(this.canvas).color
    context.lineCap = context.lineJoin = 'round'
    for (const stroke of this.drawn) ink(context, stroke, width)
    this.cursor.draw(context, width)
  }

  private change(): void {
    this.redraw()
    this.listeners.changed()
  }

  /** As many pixels as the screen has for it. */
  private fit(): void {
    this.canvas.width = this.canvas.height = Math.round(this.canvas.clientWidth * devicePixelRatio)
    this.redraw()
  }

  private stop(): void {
    this.pointer = undefined
    this.cursor.lift()
  }

  private begin(event: PointerEvent): void {
    if (this.pointer !== undefined || event.button !== 0) return
    this.cursor.leave()
    this.pointer = event.pointerId
    this.canvas.setPointerCapture(event.pointerId)
    this.drawn.push([this.place(event)])
    this.change()
  }

  private follow(event: PointerEvent): void {
    if (event.pointerId !== this.pointer) return
    // Between two frames a pen has been at more places than one; not every browser tells them.
    const events = event.getCoalescedEvents?.() ?? []
    this.drawn.at(-1)?.push(...(events.length > 0 ? events : [event]).map((one) => this.place(one)))
    this.change()
  }

  private end({ pointerId }: PointerEvent): void {
    if (pointerId !== this.pointer) return
    this.pointer = undefined
    this.listeners.changed()
  }

  private place({ clientX, clientY, pointerType, pressure }: PointerEvent): Point {
    const { left, top, width } = this.canvas.getBoundingClientRect()
    return [(clientX - left) / width, (clientY - top) / width, pointerType === 'pen' ? pressure : 0.5]
  }
}

/**
 * A line with the width that each point's pressure gives; a single point is a dot. It bends at the points: a piece goes from the
 * middle before a point to the middle after it, so that a quick mouse leaves no corners.
 */
function ink(context: CanvasRenderingContext2D, stroke: Stroke, width: number): void {
  stroke.forEach((point, index) => {
    const [x, y, pressure = 0.5] = point
    const [fromX, fromY] = index > 0 ? middle(stroke[index - 1] ?? point, point) : point
    const [toX, toY] = index < stroke.length - 1 ? middle(point, stroke[index + 1] ?? point) : point
    context.lineWidth = width * penWidth * (0.5 + pressure)
    context.beginPath()
    context.moveTo(width * fromX, width * fromY)
    context.quadraticCurveTo(width * x, width * y, width * toX, width * toY)
    context.stroke()
  })
}

function middle([ax, ay]: Point, [bx, by]: Point): Point {
  return [(ax + bx) / 2, (ay + by) / 2]
}
