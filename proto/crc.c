/*
 * CRC-32 as zlib's (reflected, polynomial 0xEDB88320), eight bytes a step
 * (the "slicing by 8" of Kounavis and Berry, 2005).  The tables are linear over
 * GF(2), so each is written as its eight basis entries.
 */
#include "proto/wire.h"

#define ENTRY(i, a, b, c, d, e, f, g, h)                                       \
	(((i)&1 ? a : 0u) ^ ((i)&2 ? b : 0u) ^ ((i)&4 ? c : 0u) ^              \
	 ((i)&8 ? d : 0u) ^ ((i)&16 ? e : 0u) ^ ((i)&32 ? f : 0u) ^            \
	 ((i)&64 ? g : 0u) ^ ((i)&128 ? h : 0u))
#define FOUR(i, ...)                                                           \
	ENTRY((i), __VA_ARGS__), ENTRY((i) + 1, __VA_ARGS__),                  \
		ENTRY((i) + 2, __VA_ARGS__), ENTRY((i) + 3, __VA_ARGS__)
#define SIXTEEN(i, ...)                                                        \
	FOUR((i), __VA_ARGS__), FOUR((i) + 4, __VA_ARGS__),                    \
		FOUR((i) + 8, __VA_ARGS__), FOUR((i) + 12, __VA_ARGS__)
#define SIXTY_FOUR(i, ...)                                                     \
	SIXTEEN((i), __VA_ARGS__), SIXTEEN((i) + 16, __VA_ARGS__),             \
		SIXTEEN((i) + 32, __VA_ARGS__), SIXTEEN((i) + 48, __VA_ARGS__)
#define TABLE(...)                                                             \
	{                                                                      \
		SIXTY_FOUR(0, __VA_ARGS__), SIXTY_FOUR(64, __VA_ARGS__),       \
			SIXTY_FOUR(128, __VA_ARGS__),                          \
			SIXTY_FOUR(192, __VA_ARGS__)                           \
	}

/* clang-format off */
static const uint32_t table[8][256] = {
	TABLE(0x77073096u, 0xee0e612cu, 0x076dc419u, 0x0edb8832u,
	      0x1db71064u, 0x3b6e20c8u, 0x76dc4190u, 0xedb88320u),
	TABLE(0x191b3141u, 0x32366282u, 0x646cc504u, 0xc8d98a08u,
	      0x4ac21251u, 0x958424a2u, 0xf0794f05u, 0x3b83984bu),
	TABLE(0x01c26a37u, 0x0384d46eu, 0x0709a8dcu, 0x0e1351b8u,
	      0x1c26a370u, 0x384d46e0u, 0x709a8dc0u, 0xe1351b80u),
	TABLE(0xb8bc6765u, 0xaa09c88bu, 0x8f629757u, 0xc5b428efu,
	      0x5019579fu, 0xa032af3eu, 0x9b14583du, 0xed59b63bu),
	TABLE(0x3d6029b0u, 0x7ac05360u, 0xf580a6c0u, 0x30704bc1u,
	      0x60e09782u, 0xc1c12f04u, 0x58f35849u, 0xb1e6b092u),
	TABLE(0xcb5cd3a5u, 0x4dc8a10bu, 0x9b914216u, 0xec53826du,
	      0x03d6029bu, 0x07ac0536u, 0x0f580a6cu, 0x1eb014d8u),
	TABLE(0xa6770bb4u, 0x979f1129u, 0xf44f2413u, 0x33ef4e67u,
	      0x67de9cceu, 0xcfbd399cu, 0x440b7579u, 0x8816eaf2u),
	TABLE(0xccaa009eu, 0x4225077du, 0x844a0efau, 0xd3e51bb5u,
	      0x7cbb312bu, 0xf9766256u, 0x299dc2edu, 0x533b85dau),
};
/* clang-format on */

static uint32_t
load(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

uint32_t
wire_crc32(uint32_t crc, const void *data, size_t len)
{
	const uint8_t *p = data;

	crc = ~crc;
	for (; len >= 8; p += 8, len -= 8) {
		uint32_t a = load(p) ^ crc, b = load(p + 4);

		crc = table[7][a & 0xff] ^ table[6][a >> 8 & 0xff] ^
		      table[5][a >> 16 & 0xff] ^ table[4][a >> 24] ^
		      table[3][b & 0xff] ^ table[2][b >> 8 & 0xff] ^
		      table[1][b >> 16 & 0xff] ^ table[0][b >> 24];
	}
	for (; len > 0; p++, len--)
		crc = crc >> 8 ^ table[0][(crc ^ *p) & 0xff];
	return ~crc;
}

uint32_t
wire_partition(const char *code, size_t len, uint32_t n)
{
	return n == 0 ? 0 : wire_crc32(0, code, len) % n;
}
