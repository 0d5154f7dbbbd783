export interface ReportSettings {
  /**
   * Fail the build when less than this share of the floating-point operations runs on NNPA, from 0 to 1, and where the share is
   * unknown. A model without any such operations is warned of.
   */
  readonly minNnpa?: number
  /** Where `*.nnpa.json` and the page are written. Default: `.onnx-mlir/reports` of the project. */
  readonly folder?: string
}
