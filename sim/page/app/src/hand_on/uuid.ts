/** Identifiers made from names (RFC 9562, version 5, SHA-1), equal to those of Python's uuid.uuid5. */

const rotate = (x: number, n: number): number => (x << n) | (x >>> (32 - n));

/** SHA-1 of bytes (FIPS 180-4): for identifiers, not for secrets. */
export function sha1(bytes: Uint8Array): Uint8Array {
  const length = Math.ceil((bytes.length + 9) / 64) * 64;
  const message = new Uint8Array(length);
  message.set(bytes);
  message[bytes.length] = 0x80;
  const view = new DataView(message.buffer);
  view.setUint32(length - 4, bytes.length * 8);
  const state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
  const words = new Int32Array(80);
  for (let block = 0; block < length; block += 64) {
    for (let i = 0; i < 80; i += 1) {
      words[i] =
        i < 16
          ? view.getInt32(block + 4 * i)
          : rotate(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    }
    let [a, b, c, d, e] = state;
    for (let i = 0; i < 80; i += 1) {
      const [mixed, constant] =
        i < 20 ? [(b & c) | (~b & d), 0x5a827999]
        : i < 40 ? [b ^ c ^ d, 0x6ed9eba1]
        : i < 60 ? [(b & c) | (b & d) | (c & d), 0x8f1bbcdc]
        : [b ^ c ^ d, 0xca62c1d6];
      const turned = (rotate(a, 5) + mixed + e + constant + words[i]) | 0;
      [a, b, c, d, e] = [turned, a, rotate(b, 30), c, d];
    }
    [a, b, c, d, e].forEach((one, i) => (state[i] = (state[i] + one) | 0));
  }
  const found = new DataView(new ArrayBuffer(20));
  state.forEach((one, i) => found.setInt32(4 * i, one));
  return new Uint8Array(found.buffer);
}

export function uuid5(space: string, name: string): string {
  const root = Uint8Array.from(space.replaceAll("-", "").match(/../g)!, (pair) => parseInt(pair, 16));
  const text = new TextEncoder().encode(name);
  const all = new Uint8Array(root.length + text.length);
  all.set(root);
  all.set(text, root.length);
  const hash = sha1(all).slice(0, 16);
  hash[6] = (hash[6] & 0x0f) | 0x50;
  hash[8] = (hash[8] & 0x3f) | 0x80;
  const hex = [...hash].map((one) => one.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
