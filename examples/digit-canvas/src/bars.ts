import type { Reading } from './reader.ts'
import { percent } from './units.ts'

/** A bar for each digit's probability. */
export class Bars {
  private readonly rows: readonly Row[]

  constructor(list: HTMLOListElement) {
    this.rows = Array.from({ length: 10 }, (_, digit) => new Row(digit))
    list.replaceChildren(...this.rows.map(({ item }) => item))
  }

  /** @param reading none where nothing is drawn */
  show(reading: Reading | undefined): void {
    this.rows.forEach((row, digit) => row.show(reading?.probabilities[digit] ?? 0, reading?.digit === digit))
  }
}

class Row {
  readonly item = document.createElement('li')
  private readonly meter = document.createElement('div')
  private readonly share = document.createElement('span')

  constructor(digit: number) {
    const name = document.createElement('span')
    name.textContent = String(digit)
    this.meter.role = 'meter'
    this.meter.ariaLabel = String(digit)
    this.meter.ariaValueMin = '0'
    this.meter.ariaValueMax = '100'
    for (const text of [name, this.share]) text.ariaHidden = 'true'
    this.item.append(name, this.meter, this.share)
    this.show(0, false)
  }

  show(probability: number, best: boolean): void {
    const text = percent(probability)
    this.item.classList.toggle('best', best)
    this.meter.style.setProperty('--share', String(probability))
    this.meter.ariaValueNow = String(Math.round(100 * probability))
    this.meter.ariaValueText = text
    this.share.textContent = text
  }
}
