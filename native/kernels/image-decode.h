/* ONNX ImageDecoder-20 for the formats that small code decodes: JPEG without its rarer processes, PNG, BMP, TIFF, Netpbm. */
#ifndef OM_IMAGE_DECODE_H
#define OM_IMAGE_DECODE_H

#include "image-jpeg.h"
#include "image-plain.h"
#include "image-png.h"
#include "image-tiff.h"

#define OM_IMAGE_SCRATCH(width, height) (OM_PNG_SCRATCH(width) + OM_JPEG_SCRATCH(width, height))

/* Finds the size of an image, and decodes it where `image->to` is given. work: OM_IMAGE_SCRATCH(width, height) bytes, or
 * NULL where only the size is asked for. */
OM_SHARED om_image_status om_decode_image(om_image *image, void *work) {
  if (om_image_starts(image, "\x89PNG\r\n\x1a\n", 8)) return om_decode_png(image, work);
  if (om_image_starts(image, "\xff\xd8\xff", 3)) return om_decode_jpeg(image, work);
  if (om_image_starts(image, "BM", 2)) return om_decode_bmp(image);
  if (om_image_starts(image, "II*\0", 4) || om_image_starts(image, "MM\0*", 4)) return om_decode_tiff(image);
  if (om_image_starts(image, "P", 1) && image->bytes > 2 && image->data[1] >= '1' && image->data[1] <= '6')
    return om_decode_pnm(image);
  return OM_IMAGE_UNKNOWN;
}

#endif
