import type { Plugin } from 'vite'

export function workerProgram(platform: 'node' | 'browser'): Promise<string>
export function workerModule(): Promise<string>
export function writeWorkers(folder: string): Promise<void>
export const workerInSources: Plugin
