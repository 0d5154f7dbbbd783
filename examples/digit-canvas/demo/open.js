import { spawn } from 'node:child_process'

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
    child.once('error', () => resolve(false))
    child.once('spawn', () => {
      child.unref()
      resolve(true)
    })
  })
}
