import { Bars } from './bars.ts'
import { followDownloads } from './downloads.ts'
import { element } from './element.ts'
import { Pad } from './pad.ts'
import { rasterise } from './raster.js'
import { Reader, type Reading } from './reader.ts'
import { show } from './seen.ts'
import { Stopwatch } from './stopwatch.ts'
import { switchTheme } from './theme.ts'
import { duration, percent } from './units.ts'

/** The hand rests this long, in milliseconds, before the answer is said aloud and the time taken. */
const rest = 150

const pad = new Pad(element('pad', HTMLCanvasElement), { changed, said: say })
const bars = new Bars(element('bars', HTMLOListElement))
const seen = element('seen', HTMLCanvasElement)
const stopwatch = new Stopwatch()

let reader: Reader | undefined
let frame = 0
let timer = 0

element('undo', HTMLButtonElement).addEventListener('click', () => pad.undo())
element('clear', HTMLButtonElement).addEventListener('click', () => pad.clear())
document.addEventListener('keydown', ({ key }) => {
  if (key === 'Escape') pad.clear()
})
switchTheme(element('theme', HTMLButtonElement), () => {
  pad.redraw()
  show(rasterise(pad.strokes), seen)
})

followDownloads((total, details) => {
  element('bytes').textContent = total
  element('bytes-detail').textContent = details
})

try {
  reader = await Reader.load()
  element('target').textContent = reader.target
  element('target-detail').textContent = `by ${reader.compiler}, ready in ${duration(reader.loadMs)}`
  changed()
} catch (error) {
  const problem = element('problem')
  problem.hidden = false
  problem.textContent = `The network can’t run here: ${error instanceof Error ? error.message : String(error)}`
}

/** The drawing is another: what it says follows with the next frame, and aloud when the hand rests. */
function changed(): void {
  const empty = pad.strokes.length === 0
  element('invitation').hidden = !empty
  for (const id of ['undo', 'clear']) element(id, HTMLButtonElement).disabled = empty
  frame ||= requestAnimationFrame(() => {
    frame = 0
    read()
  })
  clearTimeout(timer)
  timer = window.setTimeout(settle, rest)
}

function read(): Reading | undefined {
  const image = rasterise(pad.strokes)
  const reading = pad.strokes.length > 0 ? reader?.read(image) : undefined
  show(image, seen)
  bars.show(reading)
  element('answer').textContent = reading ? String(reading.digit) : '?'
  element('certainty').textContent = reading ? certainty(reading) : ''
  return reading
}

function settle(): void {
  const reading = read()
  if (!reader || !reading) return
  element('time').textContent = duration(stopwatch.time(() => reader?.runAgain()))
  element('time-detail').textContent = stopwatch.over
  if (!pad.drawing) say(`${reading.digit}, ${certainty(reading)}`)
}

/** For those who listen instead of looking. */
function say(news: string): void {
  element('news').textContent = news
}

function certainty({ digit, probabilities }: Reading): string {
  return `${percent(probabilities[digit] ?? 0)} sure`
}
