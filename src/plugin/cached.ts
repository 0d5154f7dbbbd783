import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { EmittedFile } from './files.ts'

/**
 * Places a file for code that runs on this machine while this process lives: it stays in the cache.
 *
 * @returns expression for its URL
 */
export async function cachedUrl(file: EmittedFile): Promise<string> {
  // The cache names files by their content, but a library asks for its constants by a name of its own.
  const path = file.role === 'constants' ? await linked(file) : file.source
  return JSON.stringify(pathToFileURL(path).href)
}

let links: Promise<string> | undefined

async function linked({ source, sha256, name }: EmittedFile): Promise<string> {
  links ??= folderOfLinks()
  const link = join(await links, sha256, name)
  await mkdir(dirname(link), { recursive: true })
  await symlink(source, link).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  return link
}

async function folderOfLinks(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'onnx-mlir-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}
