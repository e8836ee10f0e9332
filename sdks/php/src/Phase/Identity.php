<?php

declare(strict_types=1);

namespace Plasm\Phase;

/** One Ed25519 key, three names: the 32 bytes, the libp2p peer id (`12D3KooW…`) and the did:key (`did:key:z6Mk…`). */
final class Identity
{
    private const PEER_ID_PREFIX = "\x00\x24\x08\x01\x12\x20";
    private const DID_PREFIX = "\xed\x01";
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

    /** base58btc, without big integers: digits are carried through by hand. */
    private static function base58(string $bytes): string
    {
        $digits = [];
        foreach (array_values(unpack('C*', $bytes) ?: []) as $carry) {
            foreach ($digits as $at => $digit) {
                $carry += $digit << 8;
                $digits[$at] = $carry % 58;
                $carry = intdiv($carry, 58);
            }
            for (; $carry > 0; $carry = intdiv($carry, 58)) {
                $digits[] = $carry % 58;
            }
        }
        $text = str_repeat('1', strspn($bytes, "\0"));
        foreach (array_reverse($digits) as $digit) {
            $text .= self::ALPHABET[$digit];
        }
        return $text;
    }

    /** null for text that is not base58btc of exactly `$length` bytes: the text's length is bounded before any arithmetic. */
    private static function fromBase58(string $text, int $length): ?string
    {
        if (strlen($text) > $length * 2) {
            return null;
        }
        $bytes = array_fill(0, $length, 0);
        foreach ($text === '' ? [] : str_split($text) as $character) {
            $carry = strpos(self::ALPHABET, $character);
            if ($carry === false) {
                return null;
            }
            for ($at = $length - 1; $at >= 0; $at--, $carry >>= 8) {
                $carry += $bytes[$at] * 58;
                $bytes[$at] = $carry & 0xFF;
            }
            if ($carry > 0) {
                return null;
            }
        }
        $decoded = pack('C*', ...$bytes);
        return self::base58($decoded) === $text ? $decoded : null;
    }
}
