import { Reading } from '../../onnx/reading.ts'
import type { WritableModel } from '../../onnx/write.ts'
import type { FrontEnd } from '../front-end.ts'
import { kindOf, openContainer } from './container.ts'
import { convertProgram } from './program.ts'
import { readProgram } from './schema.ts'
import { isZip, Zip } from '../zip.ts'

/**
 * Exported programs of PyTorch: `.pt2`, as torch.export.save writes them. Its other ZIP files are refused with advice, but for
 * TorchScript, which is another front end's.
 */
export const pt2: FrontEnd<WritableModel> = {
  format: 'PyTorch (torch.export)',
  claims: (bytes) => isZip(bytes) && isOfTorch(bytes),
  convert(bytes, reading, options) {
    const site = reading.site('the file')
    const container = openContainer(new Zip(bytes, site), site, options)
    return convertProgram(readProgram(container.program, site), container, site)
  },
}

/** One whose directory is broken can still be known by its first entry. */
function isOfTorch(bytes: Uint8Array): boolean {
  try {
    const { kind } = kindOf(new Zip(bytes, new Reading('archive').site('the archive')).entries.keys()) ?? {}
    return kind !== undefined && kind !== 'torchscript'
  } catch {
    const first = new TextDecoder('latin1').decode(bytes.subarray(30, 300))
    return /^(serialized_exported_program\.json|[^/]*\/(archive_format|data\/weights\/|data\.pkl))/.test(first)
  }
}
