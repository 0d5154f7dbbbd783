/* The shape of a two-dimensional convolution. */
#ifndef OM_CONV_SHAPE_H
#define OM_CONV_SHAPE_H

#include <stddef.h>

typedef struct om_conv2d_shape {
  ptrdiff_t batch, height, width, channels;      /* of the input, NHWC */
  ptrdiff_t out_height, out_width, out_channels; /* of the output, NHWC */
  ptrdiff_t kernel_height, kernel_width;
  ptrdiff_t stride_height, stride_width;
  ptrdiff_t dilation_height, dilation_width;
  ptrdiff_t pad_top, pad_left; /* those of the other sides follow from the output's size; negative pads crop */
  ptrdiff_t groups;
  ptrdiff_t x_pixel, y_pixel; /* elements between neighbouring pixels, to read or write a slice of channels; 0: dense */
} om_conv2d_shape;

#endif
