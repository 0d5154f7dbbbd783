import { type Answer, Browser, patience, Unresponsive } from './browser.ts'
import type { Network } from './network.ts'

/** Windows' numbers of keys that write nothing, which the protocol wants; a letter's is its code. */
const keyCodes: Readonly<Record<string, number>> = {
  Tab: 9,
  Enter: 13,
  Escape: 27,
  PageUp: 33,
  PageDown: 34,
  End: 35,
  Home: 36,
  ArrowLeft: 37,
  ArrowUp: 38,
  ArrowRight: 39,
  ArrowDown: 40,
}

/** Where something is on the page, in CSS pixels from its top left. */
export type Place = readonly [x: number, y: number]

/** The end of one loading of a page. */
interface Load {
  readonly promise: Promise<void>
  readonly done: () => void
}

/** A page in a headless Chromium. */
export class Page {
  /** What the page wrote to its console as errors, or didn't catch, or wasn't allowed to load; all that it asked of others. */
  readonly problems: string[] = []
  /** Where a served page came from, and may ask for more. */
  private origin: string | undefined
  private readonly expected = new Map<string, () => void>()
  private readonly loads = new Map<string, Load>()

  private readonly browser: Browser
  private readonly session: string
  /** Ends the page, and what was made for it alone. */
  readonly close: () => Promise<void>

  private constructor(browser: Browser, session: string, close: () => Promise<void>) {
    this.browser = browser
    this.session = session
    this.close = close
  }

  /**
   * Opens one in a browser of its own. Chromium now and then starts and never says a word, on a busy machine above all: then there is another.
   *
   * @param start makes a browser
   */
  static async open(url: string, start = () => new Browser()): Promise<Page> {
    return Page.openAlone(url, start()).catch((error: unknown) => {
      if (!(error instanceof Unresponsive)) throw error
      return Page.openAlone(url, start())
    })
  }

  private static async openAlone(url: string, browser: Browser): Promise<Page> {
    const close = (): Promise<void> => browser.close()
    return Page.openTab(browser, url, {}, close).catch(async (error: unknown) => {
      await close()
      throw error
    })
  }

  /** Opens one beside others of a browser, which neither sees nor keeps anything of theirs: no cache, no storage. */
  static async openIn(browser: Browser, url: string): Promise<Page> {
    const { browserContextId } = await browser.send('Target.createBrowserContext')
    const close = async (): Promise<void> =>
      void (await browser.send('Target.disposeBrowserContext', { browserContextId }))
    return Page.openTab(browser, url, { browserContextId }, close)
  }

  private static async openTab(
    browser: Browser,
    url: string,
    where: object,
    close: () => Promise<void>,
  ): Promise<Page> {
    const { targetId } = await browser.send('Target.createTarget', { url: 'about:blank', ...where })
    const { sessionId } = await browser.send('Target.attachToTarget', { targetId, flatten: true })
    const page = new Page(browser, sessionId as string, close)
    browser.listen(page.session, (method, params) => page.handle(method, params))
    for (const domain of ['Inspector', 'Page', 'Runtime', 'Log', 'Network']) await page.send(`${domain}.enable`)
    await page.resize(1280, 900)
    await page.send('Page.setLifecycleEventsEnabled', { enabled: true })
    await page.visit(url)
    return page
  }

  /** Loads the page anew; what the browser has kept it need not ask for. */
  async reload(): Promise<void> {
    const loaded = this.wait('load', (done) => this.expected.set('Page.loadEventFired', done))
    await Promise.all([this.send('Page.reload'), loaded])
  }

  /** Goes to another address, and waits until it is loaded. */
  async visit(url: string): Promise<void> {
    this.origin = new URL(url).origin
    const { loaderId, errorText } = await this.send('Page.navigate', { url })
    if (errorText !== undefined) throw new Error(`${url}: ${errorText}`)
    // Another place of the same page is not loaded.
    if (loaderId === undefined) return
    // Events of the page before may still come: each load tells whose it is.
    await this.wait(`load of ${url}`, (done) => void this.loadOf(loaderId as string).promise.then(done))
  }

  private loadOf(loaderId: string): Load {
    let load = this.loads.get(loaderId)
    if (load === undefined) {
      let done = (): void => {}
      const promise = new Promise<void>((resolve) => (done = resolve))
      this.loads.set(loaderId, (load = { promise, done }))
    }
    return load
  }

  /** The value of an expression in the page. */
  async evaluate(expression: string): Promise<any> {
    const asked = { expression, awaitPromise: true, returnByValue: true }
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', asked, Infinity)
    if (exceptionDetails) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`)
    return result.value
  }

  async press(key: string, text?: string): Promise<void> {
    await this.key('keyDown', key, text)
    await this.key('keyUp', key, text)
  }

  /** Half of {@link press}: keys can be held, and held together. */
  async key(type: 'keyDown' | 'keyUp', key: string, text?: string): Promise<void> {
    const windowsVirtualKeyCode = keyCodes[key] ?? key.charCodeAt(0)
    await this.send('Input.dispatchKeyEvent', { type, key, windowsVirtualKeyCode, ...(text && { text }) })
  }

  /** Clicks where an element is. */
  async click(selector: string): Promise<void> {
    const place = `(() => { const b = document.querySelector(${JSON.stringify(selector)}).getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2] })()`
    const [x, y] = (await this.evaluate(place)) as [number, number]
    for (const type of ['mousePressed', 'mouseReleased'])
      await this.send('Input.dispatchMouseEvent', { type, x, y, button: 'left', clickCount: 1 })
  }

  /** Presses the mouse's left button at the first place, moves it through the others, and releases it at the last. */
  async drag(places: readonly Place[]): Promise<void> {
    const mouse = (type: string, [x, y]: Place, buttons: number): Promise<unknown> =>
      this.send('Input.dispatchMouseEvent', { type, x, y, button: 'left', buttons, clickCount: 1 })
    await mouse('mousePressed', places[0]!, 1)
    for (const place of places.slice(1)) await mouse('mouseMoved', place, 1)
    await mouse('mouseReleased', places.at(-1)!, 0)
  }

  /** The same with a finger. */
  async swipe(places: readonly Place[]): Promise<void> {
    const touch = (type: string, touchPoints: readonly object[]): Promise<unknown> =>
      this.send('Input.dispatchTouchEvent', { type, touchPoints })
    const [first, ...others] = places.map(([x, y]) => ({ x, y }))
    await touch('touchStart', [first!])
    for (const place of others) await touch('touchMove', [place])
    await touch('touchEnd', [])
  }

  /** The size of the window's inside, in CSS pixels. */
  async resize(width: number, height: number): Promise<void> {
    await this.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false })
  }

  async prefer(scheme: 'dark' | 'light'): Promise<void> {
    await this.send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value: scheme }] })
  }

  /** Has all that the page asks for from now on come over such a network. */
  async throttle(network: Network): Promise<void> {
    await this.send('Network.emulateNetworkConditions', { offline: false, ...network })
  }

  async screenshot(): Promise<Buffer> {
    const { data } = await this.send('Page.captureScreenshot', { format: 'png' })
    return Buffer.from(data as string, 'base64')
  }

  private send(method: string, params: object = {}, within = patience): Promise<Answer> {
    return this.browser.send(method, params, this.session, within)
  }

  private wait(what: string, start: (done: () => void) => void): Promise<void> {
    return this.browser.wait(what, this.session, patience, start)
  }

  private handle(method: string, params: Answer): void {
    this.expected.get(method)?.()
    if (method === 'Page.lifecycleEvent' && params['name'] === 'load') this.loadOf(params['loaderId']).done()
    if (method === 'Runtime.exceptionThrown') this.problems.push(JSON.stringify(params))
    if (method === 'Runtime.consoleAPICalled' && ['error', 'warning', 'assert'].includes(params['type']))
      this.problems.push(JSON.stringify(params))
    if (method === 'Log.entryAdded') this.problems.push(JSON.stringify(params))
    // A page from a file holds all that it needs; a served one has the rest from where it came.
    if (method === 'Network.requestWillBeSent' && !this.mayAsk(params['request'].url))
      this.problems.push(JSON.stringify(params))
  }

  private mayAsk(url: string): boolean {
    return /^(?:file|data|about|blob):/.test(url) || new URL(url).origin === this.origin
  }
}
