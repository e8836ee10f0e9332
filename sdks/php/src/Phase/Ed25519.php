<?php

declare(strict_types=1);

namespace Plasm\Phase;

/**
 * Ed25519 (RFC 8032), strictly and the same in every language (phase/SPEC.md, Ed25519): S < L, A and R canonical, on the curve and in the
 * subgroup of prime order. There it makes no difference whether libsodium multiplies by the cofactor, which its releases do differently.
 */
final class Ed25519
{
    /** L, the order of the base point, little endian. */
    private const ORDER = "\xed\xd3\xf5\x5c\x1a\x63\x12\x58\xd6\x9c\xf7\xa2\xde\xf9\xde\x14\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x10";
    /** p = 2^255 - 19, little endian. */
    private const PRIME = "\xed\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
        . "\xff\xff\xff\x7f";
    /** y of the points whose order divides 8, in hex, little endian. */
    private const SMALL_ORDER = [
        '0000000000000000000000000000000000000000000000000000000000000000',
        '0100000000000000000000000000000000000000000000000000000000000000',
        '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
        'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
        'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    ];

    /** The key that was last found to be in the subgroup: most receipts of a program are by few executors. */
    private static string $usable = '';

    public static function verify(string $signature, string $message, string $publicKey): bool
    {
        if (strlen($signature) !== 64 || strlen($publicKey) !== 32) {
            return false;
        }
        return self::isLess(substr($signature, 32), self::ORDER)
            && self::isUsable(substr($signature, 0, 32))
            && self::isInSubgroup(substr($signature, 0, 32))
            && self::isKey($publicKey)
            && sodium_crypto_sign_verify_detached($signature, $message, $publicKey);
    }

    private static function isKey(string $publicKey): bool
    {
        if ($publicKey === self::$usable) {
            return true;
        }
        $holds = self::isUsable($publicKey) && self::isInSubgroup($publicKey);
        self::$usable = $holds ? $publicKey : self::$usable;
        return $holds;
    }

    private static function isUsable(string $point): bool
    {
        $y = substr($point, 0, 31) . chr(ord($point[31]) & 0x7F);
        return self::isLess($y, self::PRIME) && !in_array(bin2hex($y), self::SMALL_ORDER, true);
    }

    private static function isInSubgroup(string $point): bool
    {
        try {
            return sodium_crypto_sign_ed25519_pk_to_curve25519($point) !== '';
        } catch (\SodiumException) {
            return false;
        }
    }

    private static function isLess(string $a, string $b): bool
    {
        return strcmp(strrev($a), strrev($b)) < 0;
    }
}
