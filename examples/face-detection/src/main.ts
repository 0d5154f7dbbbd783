import { Detector } from './detector.ts'
import { draw, type Portrait } from './drawing.ts'
import type { Face } from './faces.ts'

const picture = element('picture', HTMLCanvasElement)
const marks = element('marks', HTMLCanvasElement)
const context = picture.getContext('2d')!
let portrait: Portrait = { x: 0.5, y: 0.5, width: 0.36 }

try {
  const detector = await Detector.load()
  element('target').textContent = detector.target
  const look = (): void => show(detector.find(picture), detector)
  draw(context, portrait)
  look()
  picture.addEventListener('pointermove', ({ buttons, offsetX, offsetY }) => {
    if (buttons === 0) return
    portrait = { ...portrait, x: offsetX / picture.clientWidth, y: offsetY / picture.clientHeight }
    draw(context, portrait)
    look()
  })
  element('size', HTMLInputElement).addEventListener('input', ({ target }) => {
    portrait = { ...portrait, width: Number((target as HTMLInputElement).value) / 100 }
    draw(context, portrait)
    look()
  })
  element('file', HTMLInputElement).addEventListener('change', ({ target }) => {
    const [file] = (target as HTMLInputElement).files ?? []
    if (file) void open(file).then(look, fail)
  })
} catch (error) {
  fail(error)
}

/** A picture of the user's own: its middle, as a square. It stays on this device. */
async function open(file: File): Promise<void> {
  using image = disposable(await createImageBitmap(file))
  const side = Math.min(image.width, image.height)
  const [x, y] = [(image.width - side) / 2, (image.height - side) / 2]
  context.reset()
  context.drawImage(image, x, y, side, side, 0, 0, picture.width, picture.height)
}

function disposable(image: ImageBitmap): ImageBitmap & Disposable {
  return Object.assign(image, { [Symbol.dispose]: () => image.close() })
}

function show(faces: readonly Face[], detector: Detector): void {
  const over = marks.getContext('2d')!
  over.reset()
  over.scale(marks.width, marks.height)
  over.strokeStyle = over.fillStyle = '#12d6a3'
  over.lineWidth = 0.008
  for (const { centre, size, points } of faces) {
    over.strokeRect(centre[0] - size[0] / 2, centre[1] - size[1] / 2, ...size)
    for (const [x, y] of points) {
      over.beginPath()
      over.arc(x, y, 0.012, 0, 2 * Math.PI)
      over.fill()
    }
  }
  const sure = faces.map(({ score }) => `${Math.round(100 * score)} %`).join(', ')
  element('found').textContent =
    faces.length === 0 ? 'No face' : `${faces.length === 1 ? 'A face' : `${faces.length} faces`}, ${sure} sure`
  // What tests and other programs read.
  element('found').dataset['faces'] = JSON.stringify(faces)
  const start = performance.now()
  for (let i = 0; i < 5; i++) detector.find(picture)
  element('time').textContent = `${((performance.now() - start) / 5).toFixed(1)} ms`
}

function fail(error: unknown): void {
  const problem = element('problem')
  problem.hidden = false
  problem.textContent = `The network can’t run here: ${error instanceof Error ? error.message : String(error)}`
}

function element<E extends HTMLElement = HTMLElement>(id: string, type: new () => E = HTMLElement as new () => E): E {
  const found = document.getElementById(id)
  if (!(found instanceof type)) throw new Error(`no ${type.name} #${id} on the page`)
  return found
}
