import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { EmittedFile } from './files.ts'

/**
 * Places a file for code that runs on this machine: it stays in the cache.
 *
 * @param linkFolder gives a folder for links. By default it is there while this process lives
 * @returns expression for its URL
 */
export async function cachedUrl(file: EmittedFile, linkFolder = folderOfProcess): Promise<string> {
  // The cache names files by their content, but a library asks for its constants by a name of its own.
  const path = file.role === 'constants' ? await linked(file, await linkFolder()) : file.source
  return JSON.stringify(pathToFileURL(path).href)
}

async function linked({ source, sha256, name }: EmittedFile, folder: string): Promise<string> {
  const link = join(folder, sha256, name)
  await mkdir(dirname(link), { recursive: true })
  await symlink(source, link).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  return link
}

let links: Promise<string> | undefined

function folderOfProcess(): Promise<string> {
  return (links ??= makeFolderOfProcess())
}

async function makeFolderOfProcess(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'onnx-mlir-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return folder
}
