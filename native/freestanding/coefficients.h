/* Made by coefficients.js. Polynomials have their lowest power first; numbers in parts are sums of doubles. */
#ifndef OM_FREESTANDING_COEFFICIENTS_H
#define OM_FREESTANDING_COEFFICIENTS_H

#include <stdint.h>

#define OM_LN2_1 0x1.62e42fefa38p-1
#define OM_LN2_2 0x1.ef35793c7673p-45
#define OM_LOG2E_1 0x1.715476p+0
#define OM_LOG2E_2 0x1.4ae0bf85ddf44p-26
#define OM_LOG10E_1 0x1.bcb7b1p-2
#define OM_LOG10E_2 0x1.49b9438ca9aaep-28
#define OM_LOG10_2_1 0x1.34413509f78p-2
#define OM_LOG10_2_2 0x1.fef311f12b358p-46
#define OM_LOG2E 0x1.71547652b82fep+0
#define OM_LOG10E 0x1.bcb7b1526e50ep-2
#define OM_TWO_OVER_PI 0x1.45f306dc9c883p-1
#define OM_QUARTER_1 0x1.921fb544p+0
#define OM_QUARTER_2 0x1.0b4611a6p-34
#define OM_QUARTER_3 0x1.3198a2ep-69
#define OM_QUARTER_4 0x1.b839a252049c1p-104
#define OM_HALF_PI_1 0x1.921fb54442d18p+0
#define OM_HALF_PI_2 0x1.1a62633145c07p-54
#define OM_LN2_FULL_1 0x1.62e42fefa39efp-1
#define OM_LN2_FULL_2 0x1.abc9e3b39803fp-56
/* e^r = 1 + r + r^2 / 2 + r^3 p(r), |r| <= ln 2 / 2; relative to e^r - 1: largest error 2^-61.8. */
static const double om_expm1_terms[] = {
    0x1.5555555555559p-3, 0x1.5555555555559p-5, 0x1.111111110f6d3p-7, 0x1.6c16c16c14a6cp-10,
    0x1.a01a01afd9f1p-13, 0x1.a01a01af6b64cp-16, 0x1.71ddf86a39f03p-19, 0x1.27e4c7b3f92d3p-22,
    0x1.af5e9f1f71ab1p-26, 0x1.1f92d91ae51fdp-29,
};
/* log(1 + r) = r - r^2 / 2 + r^3 p(r), |r| <= 1 / 64; relative: largest error 2^-72.1. */
static const double om_log_terms[] = {
    0x1.5555555555555p-2, -0x1.ffffffffffffep-3, 0x1.99999999a23f1p-3, -0x1.55555555645fp-3,
    0x1.2492478f0c9a1p-3, -0x1.fffffbc8f44afp-4, 0x1.c756f5f72a7a1p-4, -0x1.99d8f1bf3ed61p-4,
};
/* sin(r) = r - r^3 / 6 + r z^2 p(z), z = r^2, |r| <= pi / 4; relative: largest error 2^-57.5. */
static const double om_sin_terms[] = {
    0x1.1111111110762p-7, -0x1.a01a019d9bc77p-13, 0x1.71de369e0f224p-19, -0x1.ae5f3213f8bbp-26,
    0x1.5dc845a34f9a8p-33,
};
/* cos(r) = 1 - z / 2 + z^2 p(z): largest error 2^-64.3. */
static const double om_cos_terms[] = {
    0x1.555555555554cp-5, -0x1.6c16c16c15182p-10, 0x1.a01a019cb2279p-16, -0x1.27e4f80a4086cp-22,
    0x1.1ee9ec21aae23p-29, -0x1.8faebac859074p-37,
};
/* atan(t) = t + t z p(z), z = t^2, |t| <= 1 / 16; relative: largest error 2^-62.6. */
static const double om_atan_terms[] = {
    -0x1.5555555555536p-2, 0x1.99999999623b7p-3, -0x1.2492482685505p-3, 0x1.c71877ef644eep-4,
    -0x1.70be90c59ec95p-4,
};
/* asin(x) = x + x z p(z), z = x^2, |x| <= 1 / 2; relative: largest error 2^-59.9. */
static const double om_asin_terms[] = {
    0x1.5555555555578p-3, 0x1.333333332df7ep-4, 0x1.6db6db722610bp-5, 0x1.f1c71a8dc1732p-6,
    0x1.6e8bdfa69fd41p-6, 0x1.1c49e2b81e958p-6, 0x1.ca20ce5acfde8p-7, 0x1.757b77c71efbap-7,
    0x1.6173ff84236e2p-7, 0x1.e2bdea6acccap-9, 0x1.6492dcbe0a96bp-6, -0x1.5954bea51ea2cp-6,
    0x1.0bb074ce83cd1p-5,
};
/* sinh(x) = x + x z p(z), z = x^2, |x| <= 0.35; relative: largest error 2^-61.4. */
static const double om_sinh_terms[] = {
    0x1.555555555555ap-3, 0x1.111111110f224p-7, 0x1.a01a01b1e4d05p-13, 0x1.71ddf2de4efa4p-19,
    0x1.af68e5b279809p-26,
};
/* erf(x) = 9/8 x - 3/8 x^3 + x p(z), z = x^2, |x| <= 0.65; relative: largest error 2^-64.6. */
static const double om_erf_terms[] = {
    0x1.baea08536da23p-9, -0x1.2746b0379e65fp-10, 0x1.ce2f21a042b4fp-4, -0x1.b82ce3128366p-6,
    0x1.565bcd0cd73b7p-8, -0x1.c02db374aaea7p-11, 0x1.f9a308cf44735p-14, -0x1.f4ce2a7cc64b8p-17,
    0x1.b9868f834395bp-20, -0x1.5a0ffd2ca2973p-23, 0x1.a3dfdbe59db9ep-27,
};
/* (1 + 2 x) e^(x^2) erfc(x) = 5/4 - t / 8 + p(t), t = (x - 3.75) / (x + 3.75), 0.65 <= x <= 28: largest error 2^-62.3. */
static const double om_erfc_terms[] = {
    -0x1.992fa51511ec3p-7, -0x1.f367683f89a6ep-7, 0x1.d5f2948159dd4p-9, 0x1.510169d0967f8p-4,
    -0x1.bda9309a28a59p-4, 0x1.7a14188a99d46p-4, -0x1.e0d0fa6df9b92p-5, 0x1.d0b0037dbff07p-6,
    -0x1.3f603c358ff9ep-7, 0x1.cc3a0e2ce95fbp-10, 0x1.33fb26c691ee9p-12, -0x1.303f9efdc5153p-12,
    0x1.b143d028a05aap-15, 0x1.778aa68c5a3d2p-16, -0x1.8000d814c3d37p-17, -0x1.05420fd6c48c7p-20,
    0x1.d60efad16ba2p-20, -0x1.ebf2ece58b5dfp-25, -0x1.13f2ac0862514p-22, 0x1.87655c0b5b519p-26,
    0x1.383e0de40e292p-25, -0x1.a4b3abababdfp-29, -0x1.ec50bce3b15f5p-29,
};
/* atan(i / 8): high and low parts. */
static const double om_angles[] = {
    0.0, 0.0, 0x1.fd5ba9aac2f6ep-4, -0x1.cd37686760c17p-59,
    0x1.f5b75f92c80ddp-3, 0x1.8ab6e3cf7afbdp-57, 0x1.6f61941e4def1p-2, -0x1.c63aae6f6e918p-56,
    0x1.dac670561bb4fp-2, 0x1.a2b7f222f65e2p-56, 0x1.1e00babdefeb4p-1, -0x1.928df287a668fp-58,
    0x1.4978fa3269ee1p-1, 0x1.2419a87f2a458p-56, 0x1.700a7c5784634p-1, -0x1.8c34d25aadef6p-56,
    0x1.921fb54442d18p-1, 0x1.1a62633145c07p-55,
};
/* 1 / c for the middle c of 64 intervals, in 9 bits, and log(c): high and low parts. */
static const double om_log_table[] = {
    0x1.72p+0, -0x1.792a55fdd47a2p-2, -0x1.f057691fe9ed7p-56, 0x1.6ep+0,
    -0x1.6e08eaa2ba1e4p-2, 0x1.cfb1b39ca3a0fp-56, 0x1.6ap+0, -0x1.62c82f2b9c795p-2,
    -0x1.7b7af915300e5p-57, 0x1.66p+0, -0x1.5767717455a6cp-2, -0x1.526adb283660cp-56,
    0x1.62p+0, -0x1.4be5f957778a1p-2, 0x1.259b35b04813dp-57, 0x1.5ep+0,
    -0x1.404308686a7e4p-2, 0x1.0bcfb6082ce6dp-56, 0x1.5bp+0, -0x1.3772662bfd85bp-2,
    0x1.b5629d8117de7p-59, 0x1.57p+0, -0x1.2b9303ab89d25p-2, 0x1.896b5fd852ad4p-56,
    0x1.54p+0, -0x1.22941fbcf7966p-2, 0x1.76f5eb09628afp-56, 0x1.5p+0,
    -0x1.1675cababa60ep-2, -0x1.ce63eab883717p-61, 0x1.4dp+0, -0x1.0d46b579ab74bp-2,
    -0x1.03ec81c3cbd92p-57, 0x1.49p+0, -0x1.00e6c45ad501dp-2, 0x1.cb9568ff6feadp-57,
    0x1.46p+0, -0x1.ef0adcbdc5936p-3, -0x1.48637950dc20dp-57, 0x1.43p+0,
    -0x1.dc1bca0abec7dp-3, -0x1.834c51998b6fcp-57, 0x1.4p+0, -0x1.c8ff7c79a9a22p-3,
    0x1.4f689f8434012p-57, 0x1.3dp+0, -0x1.b5b519e8fb5a4p-3, -0x1.ba27fdc19e1ap-57,
    0x1.3ap+0, -0x1.a23bc1fe2b563p-3, -0x1.93711b07a998cp-59, 0x1.37p+0,
    -0x1.8e928de886d41p-3, 0x1.569d851a5677p-57, 0x1.34p+0, -0x1.7ab890210d909p-3,
    -0x1.be36b2d6a0608p-59, 0x1.31p+0, -0x1.66acd4272ad51p-3, 0x1.0900e4e1ea8b2p-58,
    0x1.2ep+0, -0x1.526e5e3a1b438p-3, 0x1.746ff8a470d3ap-57, 0x1.2bp+0,
    -0x1.3dfc2b0ecc62ap-3, 0x1.ab3a8e7d81017p-58, 0x1.29p+0, -0x1.303d718e47fd3p-3,
    0x1.6b9c7d96091fap-63, 0x1.26p+0, -0x1.1b72ad52f67ap-3, -0x1.483023472cd74p-58,
    0x1.23p+0, -0x1.0671512ca596ep-3, -0x1.50c647eb86499p-58, 0x1.21p+0,
    -0x1.f0a30c01162a6p-4, -0x1.85f325c5bbacdp-58, 0x1.1ep+0, -0x1.c5e548f5bc743p-4,
    -0x1.5d617ef8161b1p-60, 0x1.1cp+0, -0x1.a926d3a4ad563p-4, -0x1.942f48aa70ea9p-58,
    0x1.19p+0, -0x1.7da766d7b12cdp-4, 0x1.eeedfcdd94131p-58, 0x1.17p+0,
    -0x1.60658a93750c4p-4, 0x1.388458ec21b6ap-58, 0x1.15p+0, -0x1.42edcbea646fp-4,
    -0x1.ddd4f935996c9p-59, 0x1.12p+0, -0x1.16536eea37ae1p-4, 0x1.79da3e8c22cdap-60,
    0x1.1p+0, -0x1.f0a30c01162a6p-5, -0x1.85f325c5bbacdp-59, 0x1.0ep+0,
    -0x1.b42dd711971bfp-5, 0x1.eb9759c130499p-60, 0x1.0bp+0, -0x1.58a5bafc8e4d5p-5,
    0x1.ce55c2b4e2b72p-59, 0x1.09p+0, -0x1.1b0d98923d98p-5, 0x1.e9ae889bac481p-60,
    0x1.07p+0, -0x1.b9fc027af9198p-6, 0x1.0ae69229dc868p-64, 0x1.05p+0,
    -0x1.3cea44346a575p-6, 0x1.0cb5a902b3a1cp-62, 0x1.03p+0, -0x1.7dc475f810a77p-7,
    0x1.16d7687d3df21p-62, 0x1p+0, 0.0, 0.0,
    0x1p+0, 0.0, 0.0, 0x1.f4p-1,
    0x1.8492528c8cabfp-6, -0x1.d192d0619fa67p-60, 0x1.ecp-1, 0x1.466aed42de3eap-5,
    -0x1.cdd6f7f4a137ep-59, 0x1.e6p-1, 0x1.aaef2d0fb10fcp-5, 0x1.a353bb42e0addp-61,
    0x1.dep-1, 0x1.1973bd1465567p-4, -0x1.7558367a6acf6p-59, 0x1.d8p-1,
    0x1.4d3115d207eacp-4, 0x1.769f42c7842ccp-58, 0x1.dp-1, 0x1.9335e5d594989p-4,
    -0x1.478a85704ccb7p-58, 0x1.cap-1, 0x1.c885801bc4b23p-4, 0x1.a38cb559a6706p-58,
    0x1.c4p-1, 0x1.fe89139dbd566p-4, -0x1.ac9f4215f9393p-58, 0x1.bep-1,
    0x1.1aa2b7e23f72ap-3, -0x1.c6ef1d9b2ef7ep-59, 0x1.b8p-1, 0x1.365fcb0159016p-3,
    0x1.7d411a5b944adp-58, 0x1.b2p-1, 0x1.527e5e4a1b58dp-3, -0x1.71a9682395bfdp-61,
    0x1.acp-1, 0x1.6f0128b756abcp-3, -0x1.8de59c21e166cp-57, 0x1.a6p-1,
    0x1.8beafeb38fe8cp-3, 0x1.55aa8b6997a4p-58, 0x1.a2p-1, 0x1.9f6c407089664p-3,
    0x1.35a19605e67efp-59, 0x1.9cp-1, 0x1.bd087383bd8adp-3, 0x1.dd355f6a516d7p-60,
    0x1.98p-1, 0x1.d1037f2655e7bp-3, 0x1.60629242471a2p-57, 0x1.92p-1,
    0x1.ef5ade4dcffe6p-3, -0x1.08ab2ddc708ap-58, 0x1.8ep-1, 0x1.01eae5626c691p-2,
    -0x1.18290bd2932e2p-59, 0x1.88p-1, 0x1.1178e8227e47cp-2, -0x1.0e63a5f01c691p-57,
    0x1.84p-1, 0x1.1bf99635a6b95p-2, -0x1.12aeb84249223p-57, 0x1.8p-1,
    0x1.269621134db92p-2, 0x1.e0efadd9db02bp-56, 0x1.7ap-1, 0x1.36b6776be1117p-2,
    -0x1.324f0e883858ep-58, 0x1.76p-1, 0x1.419b423d5e8c7p-2, 0x1.0dbb243827392p-57,
};
/* 2 / pi in base 2^64, behind a point and one digit 0. */
static const uint64_t om_two_over_pi_digits[] = {
    0x0,
    0xa2f9836e4e441529,
    0xfc2757d1f534ddc0,
    0xdb6295993c439041,
    0xfe5163abdebbc561,
    0xb7246e3a424dd2e0,
    0x6492eea09d1921c,
    0xfe1deb1cb129a73e,
    0xe88235f52ebb4484,
    0xe99c7026b45f7e41,
    0x3991d639835339f4,
    0x9c845f8bbdf9283b,
    0x1ff897ffde05980f,
    0xef2f118b5a0a6d1f,
    0x6d367ecf27cb09b7,
    0x4f463f669e5fea2d,
    0x7527bac7ebe5f17b,
    0x3d0739f78a5292ea,
    0x6bfb5fb11f8d5d08,
    0x56033046fc7b6bab,
    0xf0cfbc209af4361d,
};

#endif
