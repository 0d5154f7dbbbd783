import { spawn } from 'node:child_process'

/** What opens a browser may stay as long as the browser does: after this time, in milliseconds, it is taken to have opened one. */
const patience = 3000

/**
 * Opens an address in the browser that the machine has for it. Resolves to whether there was one.
 *
 * @param {string} url @returns {Promise<boolean>}
 */
export function openBrowser(url) {
  // `start` is a word of cmd, and takes its first quoted argument for a title.
  const commands = { darwin: ['open', url], win32: ['cmd', '/c', 'start', '""', url] }
  const [command, ...args] = commands[/** @type {keyof typeof commands} */ (process.platform)] ?? ['xdg-open', url]
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: 'ignore', detached: true })
    /** @param {boolean} opened */
    const settle = (opened) => {
      clearTimeout(timer)
      resolve(opened)
    }
    const timer = setTimeout(settle, patience, true)
    child.unref()
    child.once('error', () => settle(false))
    child.once('exit', (code) => settle(code === 0))
  })
}
