import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { Browser, chromium, Page, Unresponsive } from '../report/browser.ts'

// Whatever Chromium does, or doesn't: nothing waits for ever, and errors say what it was.

const folder = mkdtempSync(join(tmpdir(), 'browser-test-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A Chromium that does this instead. */
function program(name: string, code: string): string {
  const file = join(folder, name)
  writeFileSync(file, `#!${process.execPath}\n${code}\n`)
  chmodSync(file, 0o755)
  return file
}

const silent = program('silent', 'setInterval(() => {}, 1000)')
const failing = program('failing', `console.error('no display'); process.exit(3)`)

test('one that says nothing is an error in time, and is ended', async () => {
  const browser = new Browser([], silent)
  await expect(browser.send('Browser.getVersion', {}, '', 200)).rejects.toThrow(
    new Unresponsive('no answer to Browser.getVersion: Chromium said nothing for 0.2 s'),
  )
  await browser.close()
})

test('one that ends says how, to what waits and to what is asked later', async () => {
  const browser = new Browser([], failing)
  const why = /^no answer to Browser.getVersion: Chromium ended \(3\)\. It said: no display\n$/
  await expect(browser.send('Browser.getVersion', {}, '', Infinity)).rejects.toThrow(why)
  await expect(browser.send('Browser.getVersion', {}, '', Infinity)).rejects.toThrow(why)
  await browser.close()
})

test('one that says what is no message', async () => {
  const browser = new Browser(
    [],
    program('babbling', `require('fs').writeSync(4, 'null\\0{"id":\\0'); setTimeout(() => {}, 60_000)`),
  )
  await expect(browser.send('Browser.getVersion')).rejects.toThrow(/wrote what is no message: null/)
  await browser.close()
})

test('one whose child outlives it, and keeps its pipes and its profile', async () => {
  const child = `setInterval(() => { try { require('fs').mkdirSync(process.argv[1] + '/' + Math.random(), { recursive: true }) } catch {} }, 1); setTimeout(() => process.exit(), 3000)`
  const code = `const profile = process.argv.find((flag) => flag.startsWith('--user-data-dir=')).slice(16)
require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}, profile], { stdio: ['ignore', 'ignore', 2, 3, 4], detached: true }).unref()
setTimeout(() => process.exit(3), 200)`
  let started = 0
  const opened = Page.open('about:blank', () => {
    started++
    return new Browser([], program('parent', code))
  })
  await expect(opened).rejects.toThrow(/Chromium ended \(3\)/)
  expect(started).toBe(2)
})

test('one that is not there', async () => {
  const browser = new Browser([], join(folder, 'none'))
  await expect(browser.send('Browser.getVersion')).rejects.toThrow(/ENOENT/)
  await browser.close()
})

test('a page is tried in two browsers, and no more', async () => {
  let started = 0
  const opened = Page.open('about:blank', () => {
    started++
    return new Browser([], failing)
  })
  await expect(opened).rejects.toThrow(/Chromium ended \(3\)/)
  expect(started).toBe(2)
})

describe.runIf(chromium)('a page', () => {
  test('opens in the second browser where the first says nothing', async () => {
    const browsers = [new Browser([], failing), new Browser()]
    const page = await Page.open('data:text/html,<title>here</title>', () => browsers.shift()!)
    expect(await page.evaluate('document.title')).toBe('here')
    await page.close()
  })

  test('that is closed ends what waits for it', async () => {
    const browser = new Browser()
    const { targetId } = await browser.send('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await browser.send('Target.attachToTarget', { targetId, flatten: true })
    const expression = { expression: 'new Promise(() => {})', awaitPromise: true }
    const waiting = expect(browser.send('Runtime.evaluate', expression, sessionId as string, Infinity)).rejects.toThrow(
      'no answer to Runtime.evaluate: the page was closed',
    )
    await browser.send('Target.closeTarget', { targetId })
    await waiting
    await browser.close()
  })

  test('goes to another place of itself, and says where it can not go', async () => {
    const page = await Page.open('data:text/html,<p id=there>here')
    await page.visit('data:text/html,<p id=there>here#there')
    expect(await page.evaluate('location.hash')).toBe('#there')
    await expect(page.visit('http://127.0.0.1:1/')).rejects.toThrow(/^http:\/\/127\.0\.0\.1:1\/: net::ERR_/)
    await page.close()
  })

  test('that crashes ends what waits for it', async () => {
    const page = await Page.open('data:text/html,')
    const waiting = expect(page.evaluate('new Promise(() => {})')).rejects.toThrow(/the page crashed/)
    await Promise.all([expect(page.visit('chrome://crash')).rejects.toThrow(), waiting])
    await page.close()
  })
})
