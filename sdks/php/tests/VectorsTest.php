<?php

declare(strict_types=1);

namespace Plasm\Tests;

use PHPUnit\Framework\TestCase;
use Plasm\Generated\Model\ReceiptCheck;
use Plasm\Phase\Base64;
use Plasm\Phase\Digest;
use Plasm\Phase\Ed25519;
use Plasm\Phase\Identity;
use Plasm\Phase\Invalid;
use Plasm\Phase\Json;
use Plasm\Phase\Manifest;
use Plasm\Phase\SignedRequest;
use Plasm\Phase\Statement;
use Plasm\Phase\Verifier;

/** Every vector of phase/vectors; those of manifests that are refused are in ManifestsTest, because a node refuses them. */
final class VectorsTest extends TestCase
{
    /** @return array<string, mixed> */
    private static function vectors(string $name): array
    {
        $text = file_get_contents(__DIR__ . "/../../../phase/vectors/$name.json");
        return json_decode((string) $text, true, 64, JSON_THROW_ON_ERROR);
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    public static function receipts(): iterable
    {
        foreach (self::vectors('receipts')['vectors'] as $vector) {
            yield $vector['name'] => [$vector];
        }
    }

    /**
     * @dataProvider receipts
     * @param array<string, mixed> $vector
     */
    public function testReceipt(array $vector): void
    {
        $bytes = $vector['envelope'] ?? Base64::decode($vector['envelopeBase64']);
        $found = Verifier::verify($bytes, $vector['expected']);
        $open = array_filter($found->checks, static fn (ReceiptCheck $one): bool => $one->result !== ReceiptCheck::RESULT_PASSED);
        $first = $open === [] ? null : reset($open)->name;
        self::assertSame(
            [$vector['verdict'], $vector['assurance'] ?? null, $vector['check'] ?? null],
            [$found->verdict, $found->assurance, $first],
            Verifier::why($found),
        );
        if ($found->verdict === 'valid') {
            self::assertSame($vector['receiptId'], $found->receiptId);
            self::assertSame($found->claimDigest, Statement::ofEnvelope($bytes)->text('claimDigest'));
        }
    }

    /** @return iterable<string, array{array<string, mixed>}> */
    public static function signatures(): iterable
    {
        foreach (self::vectors('ed25519')['vectors'] as $vector) {
            yield $vector['name'] => [$vector];
        }
    }

    /**
     * @dataProvider signatures
     * @param array<string, mixed> $vector
     */
    public function testSignature(array $vector): void
    {
        [$signature, $message, $key] = array_map('hex2bin', [$vector['signature'], $vector['message'], $vector['publicKey']]);
        self::assertSame($vector['valid'], Ed25519::verify((string) $signature, (string) $message, (string) $key));
        if (isset($vector['seed'])) {
            $pair = sodium_crypto_sign_seed_keypair((string) hex2bin($vector['seed']));
            self::assertSame($signature, sodium_crypto_sign_detached((string) $message, sodium_crypto_sign_secretkey($pair)));
        }
    }

    public function testCanonicalForms(): void
    {
        ['accepted' => $accepted, 'formless' => $formless, 'refused' => $refused, 'claim' => $claim] = self::vectors('canonical');
        foreach ($accepted as ['json' => $json, 'canonical' => $canonical, 'digest' => $digest]) {
            self::assertSame($canonical, Json::canonical(Json::read($json, integersOnly: true)), $json);
            self::assertSame($digest, Digest::of($canonical));
        }
        foreach ($formless as $json) {
            $value = Json::read($json, integersOnly: true);
            self::assertInvalid(static fn () => Json::canonical($value), $json);
        }
        foreach ($refused as $json) {
            self::assertInvalid(static fn () => Json::read($json, integersOnly: true), $json);
        }
        $statement = Statement::read($claim['payload']);
        self::assertSame($claim['canonical'], Json::canonical($statement->claim()));
        self::assertSame($claim['digest'], Digest::ofCanonical($statement->claim()));
    }

    public function testDigests(): void
    {
        $vectors = self::vectors('digests');
        foreach ($vectors['content'] as ['hex' => $hex, 'digest' => $digest]) {
            self::assertSame($digest, Digest::of((string) hex2bin($hex)));
        }
        foreach ($vectors['args'] as ['args' => $args, 'digest' => $digest]) {
            self::assertSame($digest, Digest::ofArgs($args));
        }
        foreach ($vectors['env'] as ['env' => $env, 'digest' => $digest]) {
            self::assertSame($digest, Digest::ofEnv($env));
        }
        foreach ($vectors['tasks'] as ['task' => $task, 'canonical' => $canonical, 'digest' => $digest, 'seed' => $seed]) {
            $read = Json::read((string) json_encode($task, JSON_UNESCAPED_SLASHES), integersOnly: true);
            self::assertSame([$canonical, $digest], [Json::canonical($read), Digest::ofCanonical($read)]);
            self::assertSame($seed, Manifest::seed($digest));
        }
        foreach ($vectors['requests'] as ['envelope' => $envelope, 'digest' => $digest]) {
            self::assertSame($digest, SignedRequest::open($envelope)->digest);
        }
        foreach ($vectors['wrong'] as $text) {
            self::assertFalse(Digest::is($text), $text);
        }
    }

    public function testIdentities(): void
    {
        $vectors = self::vectors('identity');
        foreach ($vectors['seeds'] as ['seed' => $seed, 'publicKey' => $key]) {
            $pair = sodium_crypto_sign_seed_keypair((string) hex2bin($seed));
            self::assertSame($key, bin2hex(sodium_crypto_sign_publickey($pair)));
        }
        foreach ($vectors['names'] as ['publicKey' => $hex, 'peerId' => $peerId, 'did' => $did]) {
            $key = (string) hex2bin($hex);
            self::assertSame([$peerId, $did], [Identity::peerId($key), Identity::did($key)]);
            self::assertSame([$key, $key], [Identity::publicKeyOfPeerId($peerId), Identity::publicKeyOfDid($did)]);
        }
        foreach ($vectors['badPeerIds'] as $text) {
            self::assertInvalid(static fn () => Identity::publicKeyOfPeerId($text), $text);
        }
        foreach ($vectors['badDids'] as $text) {
            self::assertInvalid(static fn () => Identity::publicKeyOfDid($text), $text);
        }
    }

    public function testManifestsAreCompleted(): void
    {
        ['accepted' => $accepted, 'filledNonce' => $nonce] = self::vectors('manifests');
        foreach ($accepted as ['name' => $name, 'manifest' => $text, 'complete' => $complete, 'taskDigest' => $taskDigest]) {
            $manifest = json_decode($text, true);
            $stdin = $manifest['stdin']['text'] ?? Base64::decode($manifest['stdin']['base64'] ?? '');
            $content = ['digest' => Digest::of($stdin), 'size' => strlen($stdin)];
            unset($manifest['stdin']);
            $found = Manifest::complete($manifest + ['nonce' => $nonce], $content);
            self::assertEquals($complete, $found, $name);
            self::assertSame($taskDigest, Manifest::taskDigest($found), $name);
        }
    }

    /** A changed byte is found, unless it is in what nobody signed: white space, the name of the member keyid. */
    public function testNoChangedByteIsValid(): void
    {
        $good = self::vectors('receipts')['vectors'][0]['envelope'];
        self::assertSame('valid', Verifier::verify($good)->verdict);
        for ($at = 0; $at < strlen($good); $at += 7) {
            $bad = $good;
            $bad[$at] = chr(ord($bad[$at]) ^ (1 << ($at % 8)));
            if (Verifier::verify($bad)->verdict === 'valid') {
                self::assertSame(self::signedParts($good), self::signedParts($bad), "byte $at");
            }
        }
    }

    /** @return list<string> */
    private static function signedParts(string $envelope): array
    {
        $read = json_decode($envelope, true);
        return [$read['payloadType'], $read['payload'], $read['signatures'][0]['sig']];
    }

    private static function assertInvalid(\Closure $call, string $what): void
    {
        try {
            $call();
        } catch (Invalid) {
            self::assertTrue(true);
            return;
        }
        self::fail("\"$what\" was accepted");
    }
}
