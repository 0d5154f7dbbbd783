/** A face that is drawn: where its middle is and how wide it is, in shares of the picture's side. */
export interface Portrait {
  readonly x: number
  readonly y: number
  readonly width: number
}

/** Draws a face, which is nobody's, over a plain ground. */
export function draw(context: CanvasRenderingContext2D, { x, y, width }: Portrait): void {
  const { canvas } = context
  context.reset()
  context.fillStyle = '#9fb4bd'
  context.fillRect(0, 0, canvas.width, canvas.height)
  context.translate(x * canvas.width, y * canvas.height)
  // From here on a face is two units wide.
  context.scale((width * canvas.width) / 2, (width * canvas.width) / 2)
  shoulders(context)
  head(context)
  for (const side of [-1, 1]) eye(context, side)
  nose(context)
  mouth(context)
  hair(context)
}

function ellipse(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  rx: number,
  ry: number,
  fill: string | CanvasGradient,
): void {
  // prettier-ignore
  context.fillStyle = fill
  context.beginPath()
  context.ellipse(x, y, rx, ry, 0, 0, 2 * Math.PI)
  context.fill()
}

/** Lit from above on the left. */
function skin(context: CanvasRenderingContext2D): CanvasGradient {
  const gradient = context.createRadialGradient(-0.25, -0.2, 0.2, 0, 0.1, 1.7)
  for (const [at, colour] of [[0, '#f0c3a2'], [0.45, '#d9a17d'], [1, '#8a573c']] as const) gradient.addColorStop(at, colour) // prettier-ignore
  return gradient
}

function shoulders(context: CanvasRenderingContext2D): void {
  ellipse(context, 0, 3.1, 2.3, 1.4, '#35506b')
  context.fillStyle = '#a8704f'
  context.fillRect(-0.45, 0.9, 0.9, 1.1)
}

function head(context: CanvasRenderingContext2D): void {
  for (const side of [-1, 1]) ellipse(context, side * 1.0, 0.1, 0.16, 0.32, '#b97c58')
  ellipse(context, 0, 0.05, 1, 1.32, skin(context))
}

function eye(context: CanvasRenderingContext2D, side: number): void {
  const x = side * 0.4
  ellipse(context, x, -0.13, 0.29, 0.2, '#a9714f')
  ellipse(context, x, -0.1, 0.21, 0.105, '#f4efe9')
  ellipse(context, x, -0.1, 0.1, 0.1, '#4a3524')
  ellipse(context, x, -0.1, 0.05, 0.05, '#0d0a08')
  ellipse(context, x - 0.03, -0.13, 0.02, 0.02, '#ffffff')
  line(context, '#3a2719', 0.045, [[x - 0.22, -0.1], [x, -0.25], [x + 0.22, -0.1]]) // prettier-ignore
  line(context, '#2e1f14', 0.1, [[x - 0.25, -0.37], [x, -0.47], [x + 0.25, -0.37]]) // prettier-ignore
}

function nose(context: CanvasRenderingContext2D): void {
  line(context, '#a46c4b', 0.05, [[0.1, -0.1], [0.2, 0.3], [0.1, 0.38]]) // prettier-ignore
  ellipse(context, 0, 0.34, 0.15, 0.11, '#d89d79')
  for (const side of [-1, 1]) ellipse(context, side * 0.09, 0.42, 0.05, 0.03, '#6d402b')
}

function mouth(context: CanvasRenderingContext2D): void {
  ellipse(context, 0, 0.78, 0.34, 0.12, '#a8524c')
  line(context, '#5f2824', 0.04, [[-0.34, 0.77], [0, 0.82], [0.34, 0.77]]) // prettier-ignore
  line(context, '#9a6446', 0.04, [[-0.2, 1.03], [0, 1.06], [0.2, 1.03]]) // prettier-ignore
}

function hair(context: CanvasRenderingContext2D): void {
  context.fillStyle = '#2e1f14'
  context.beginPath()
  context.moveTo(-1.08, 0.1)
  context.bezierCurveTo(-1.3, -1.9, 1.3, -1.9, 1.08, 0.1)
  context.bezierCurveTo(1.0, -0.5, 0.75, -0.85, 0.2, -0.8)
  context.bezierCurveTo(-0.4, -0.75, -0.85, -0.6, -1.08, 0.1)
  context.fill()
}

/** A curve through its ends that the middle pulls. */
function line(
  context: CanvasRenderingContext2D,
  colour: string,
  width: number,
  [from, by, to]: readonly [Place, Place, Place],
): void {
  // prettier-ignore
  context.strokeStyle = colour
  context.lineWidth = width
  context.lineCap = 'round'
  context.beginPath()
  context.moveTo(...from)
  context.quadraticCurveTo(...by, ...to)
  context.stroke()
}

type Place = [x: number, y: number]
