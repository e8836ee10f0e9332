<?php

declare(strict_types=1);

namespace Plasm\Phase;

/** One Ed25519 key, three names: the 32 bytes, the libp2p peer id (`12D3KooW…`) and the did:key (`did:key:z6Mk…`). */
final class Identity
{
    private const PEER_ID_PREFIX = "\x00\x24\x08\x01\x12\x20";
    private const DID_PREFIX = "\xed\x01";
    private const FIVE_DIGITS = 58 ** 5;
    private const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

    public static function peerId(string $publicKey): string
    {
        return self::base58(self::PEER_ID_PREFIX . $publicKey);
    }

    public static function did(string $publicKey): string
    {
        return 'did:key:z' . self::base58(self::DID_PREFIX . $publicKey);
    }

    /**
     * The 32 bytes that a did:key or peer id names.
     *
     * @throws Invalid for anything but an Ed25519 one
     */
    public static function publicKey(string $name): string
    {
        return str_starts_with($name, 'did:') ? self::publicKeyOfDid($name) : self::publicKeyOfPeerId($name);
    }

    /** @throws Invalid */
    public static function publicKeyOfDid(string $did): string
    {
        if (!str_starts_with($did, 'did:key:z')) {
            throw self::notAName($did);
        }
        return self::after(self::DID_PREFIX, substr($did, 9), $did);
    }

    /** @throws Invalid */
    public static function publicKeyOfPeerId(string $peerId): string
    {
        return self::after(self::PEER_ID_PREFIX, $peerId, $peerId);
    }

    private static function after(string $prefix, string $text, string $name): string
    {
        $bytes = self::fromBase58($text, strlen($prefix) + 32);
        if ($bytes === null || !str_starts_with($bytes, $prefix)) {
            throw self::notAName($name);
        }
        return substr($bytes, strlen($prefix));
    }

    private static function notAName(string $name): Invalid
    {
        return new Invalid('Cannot read the identity "' . substr($name, 0, 80) . '": not an Ed25519 peer id or did:key');
    }

    /** base58btc, without big integers: five digits are carried at a time. */
    private static function base58(string $bytes): string
    {
        $limbs = [];
        $whole = str_pad($bytes, intdiv(strlen($bytes) + 3, 4) * 4, "\0", STR_PAD_LEFT);
        foreach (unpack('N*', $whole) ?: [] as $carry) {
            foreach ($limbs as $at => $limb) {
                $carry += $limb << 32;
                $limbs[$at] = $carry % self::FIVE_DIGITS;
                $carry = intdiv($carry, self::FIVE_DIGITS);
            }
            for (; $carry > 0; $carry = intdiv($carry, self::FIVE_DIGITS)) {
                $limbs[] = $carry % self::FIVE_DIGITS;
            }
        }
        $text = '';
        foreach ($limbs as $limb) {
            for ($digit = 0; $digit < 5; $digit++, $limb = intdiv($limb, 58)) {
                $text .= self::ALPHABET[$limb % 58];
            }
        }
        return str_repeat('1', strspn($bytes, "\0")) . strrev(rtrim($text, '1'));
    }

    /** null for text that is not base58btc of exactly `$length` bytes: the text's length is bounded before any arithmetic. */
    private static function fromBase58(string $text, int $length): ?string
    {
        if ($text === '' || strlen($text) > $length * 2 || strspn($text, self::ALPHABET) !== strlen($text)) {
            return null;
        }
        $limbs = array_fill(0, intdiv($length + 3, 4), 0);
        $whole = str_pad($text, intdiv(strlen($text) + 4, 5) * 5, '1', STR_PAD_LEFT);
        foreach (str_split($whole, 5) as $five) {
            $carry = 0;
            for ($at = 0; $at < 5; $at++) {
                $carry = $carry * 58 + (int) strpos(self::ALPHABET, $five[$at]);
            }
            foreach ($limbs as $at => $limb) {
                $carry += $limb * self::FIVE_DIGITS;
                $limbs[$at] = $carry & 0xFFFFFFFF;
                $carry >>= 32;
            }
            if ($carry > 0) {
                return null;
            }
        }
        $decoded = substr(pack('N*', ...array_reverse($limbs)), -$length);
        return self::base58($decoded) === $text ? $decoded : null;
    }
}
