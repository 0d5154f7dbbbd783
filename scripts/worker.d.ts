import type { Plugin } from 'vite'

export function workerProgram(platform: 'node' | 'browser'): Promise<string>
export function workerModule(): Promise<string>
export const workerInSources: Plugin
