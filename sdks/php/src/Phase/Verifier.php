<?php

declare(strict_types=1);

namespace Plasm\Phase;

use Plasm\Exception\InvalidArgumentException;
use Plasm\Generated\Model\ReceiptCheck;
use Plasm\Generated\Model\Verification;

/** What a receipt is worth (phase/SPEC.md, Verification): valid, invalid or unverifiable, and each thing that was looked at. */
final class Verifier
{
    public const EXPECTED = [
        'executor', 'submitter', 'jobId', 'nonce', 'request', 'module', 'args', 'env', 'stdin', 'stdout', 'stderr',
    ];

    private ?string $receiptId = null;
    private ?string $claimDigest = null;
    private ?string $executor = null;

    /** @param array<string, mixed> $expected */
    private function __construct(private readonly string $envelope, private readonly array $expected, private readonly ?string $pinned)
    {
    }

    /**
     * Judges a receipt by its envelope's bytes; whatever they are, it answers. Without `executor` it shows that some key signed this, and
     * the caller trusts whoever says whose key that is.
     *
     * @param array<string, mixed> $expected what is known by other ways, by the names of EXPECTED: `args` a list, `env` strings by name
     *     (or the digest of either), bytes by digest
     * @throws Invalid only where `executor` itself is neither a did:key nor a peer id
     * @throws InvalidArgumentException for a name that is not one of EXPECTED: what is not looked at must not seem to be
     */
    public static function verify(string $envelope, array $expected = []): Verification
    {
        foreach (array_diff(array_keys($expected), self::EXPECTED) as $name) {
            throw new InvalidArgumentException("Cannot verify \"$name\": it is not one of " . implode(', ', self::EXPECTED));
        }
        $pinned = isset($expected['executor']) ? Identity::publicKey($expected['executor']) : null;
        $verifier = new self($envelope, $expected, $pinned);
        $checks = iterator_to_array($verifier->judge(), false);
        $results = array_column($checks, 'result');
        $verdict = match (true) {
            in_array(ReceiptCheck::RESULT_FAILED, $results, true) => Verification::VERDICT_INVALID,
            in_array(ReceiptCheck::RESULT_SKIPPED, $results, true) => Verification::VERDICT_UNVERIFIABLE,
            default => Verification::VERDICT_VALID,
        };
        $assurance = $pinned === null ? Verification::ASSURANCE_SIGNED : Verification::ASSURANCE_PINNED;
        return new Verification(
            verdict: $verdict,
            checks: $checks,
            assurance: $verdict === Verification::VERDICT_VALID ? $assurance : null,
            receiptId: $verifier->receiptId,
            claimDigest: $verifier->claimDigest,
            executor: $verifier->executor,
        );
    }

    /** For a person: the checks that did not pass. */
    public static function why(Verification $verification): string
    {
        $open = array_filter($verification->checks, static fn (ReceiptCheck $one): bool => $one->result !== ReceiptCheck::RESULT_PASSED);
        $said = static fn (ReceiptCheck $one): string => "$one->name $one->result: $one->detail";
        return implode('; ', array_map($said, $open));
    }

    /**
     * The checks in the order of SPEC.md. It stops where nothing that follows would mean anything.
     *
     * @return \Generator<int, ReceiptCheck>
     */
    private function judge(): \Generator
    {
        try {
            $envelope = Envelope::read($this->envelope, Statement::PAYLOAD_BYTES_MAX);
        } catch (Invalid $error) {
            return yield self::failed('envelope', $error->getMessage());
        }
        yield self::passed('envelope', 'signatures: ' . count($envelope->signatures));
        $this->receiptId = Digest::of($envelope->payload);
        yield self::same('payloadType', Statement::PAYLOAD_TYPE, $envelope->payloadType);
        if ($envelope->payloadType !== Statement::PAYLOAD_TYPE) {
            return;
        }

        // Without a pinned key the statement has to be read before its signature can be checked: nothing else is made of it until then.
        [$statement, $problem] = [null, ''];
        try {
            $statement = Statement::read($envelope->payload);
        } catch (Invalid $error) {
            $problem = $error->getMessage();
        }
        $key = $this->pinned ?? $statement?->executorKey();
        $keyids = $key === null ? [] : $envelope->keyidsOf($key);
        if ($key !== null) {
            $did = Identity::did($key);
            if ($keyids === []) {
                return yield self::failed('signature', "no signature of $did holds");
            }
            $this->executor = $did;
            yield self::passed('signature', 'of ' . ($this->pinned === null ? 'the key that the receipt names' : 'the expected executor'));
        } elseif ($statement !== null) {
            yield self::skipped('signature', 'no executor is expected, and a statement of an unknown kind names none');
        }
        if ($statement === null) {
            return yield self::failed('statement', $problem);
        }
        yield self::passed('statement', 'strict JSON, every member there');
        if ($key === null || !$statement->isKnown()) {
            return yield self::skipped('predicateType', self::quote($statement->predicateType()) . ' is unknown');
        }
        yield from $this->judgeStatement($statement, $key, $keyids);
    }

    /**
     * @param non-empty-list<string|null> $keyids
     * @return \Generator<int, ReceiptCheck>
     */
    private function judgeStatement(Statement $statement, string $key, array $keyids): \Generator
    {
        yield self::passed('predicateType', Statement::PREDICATE_TYPE);
        $profile = (string) $statement->text('claim', 'profile');
        if ($statement->hasKnownProfile()) {
            yield self::passed('profile', $profile);
            $reason = (string) $statement->text('claim', 'outcome', 'reason');
            yield in_array($reason, Statement::REASONS, true)
                ? self::passed('reason', $reason)
                : self::skipped('reason', self::quote($reason) . ' is unknown');
        } else {
            yield self::skipped('profile', self::quote($profile) . ' is unknown');
        }
        yield $this->judgeClaimDigest($statement);
        yield self::judgeSubject($statement);
        [$did, $names] = [(string) $this->executor, $statement->text('measurement', 'executor', 'did') . ' '
            . $statement->text('measurement', 'executor', 'peerId')];
        yield self::same('executor', "$did " . Identity::peerId($key), $names);
        $named = in_array($did, $keyids, true);
        yield $named || in_array(null, $keyids, true)
            ? self::passed('keyid', $named ? $did : 'none is given')
            : self::failed('keyid', self::quote((string) $keyids[0]) . " is not $did");
        yield from $this->judgeExpected($statement);
    }

    private function judgeClaimDigest(Statement $statement): ReceiptCheck
    {
        try {
            $this->claimDigest = Digest::ofCanonical($statement->claim());
        } catch (Invalid $error) {
            return self::failed('claimDigest', $error->getMessage());
        }
        return self::same('claimDigest', $this->claimDigest, $statement->text('claimDigest'));
    }

    private static function judgeSubject(Statement $statement): ReceiptCheck
    {
        $stated = $statement->subject();
        $stdout = $statement->text('claim', 'stdout', 'digest');
        return match (true) {
            $stated === null => self::failed('subject', 'not exactly one, with a sha256'),
            !$statement->hasKnownProfile() && $stdout === null => self::skipped('subject', 'this profile claims no stdout'),
            default => self::same('subject', $stdout, "sha256:$stated"),
        };
    }

    /**
     * What the caller knows by other ways. Only what is given is compared.
     *
     * @return \Generator<int, ReceiptCheck>
     */
    private function judgeExpected(Statement $statement): \Generator
    {
        $none = 'what no guest can be given';
        $paths = [
            'module' => ['claim', 'module'], 'args' => ['claim', 'args'], 'env' => ['claim', 'env'],
            'stdin' => ['claim', 'stdin', 'digest'], 'stdout' => ['claim', 'stdout', 'digest'], 'stderr' => ['claim', 'stderr', 'digest'],
            'nonce' => ['binding', 'nonce'], 'jobId' => ['binding', 'jobId'], 'request' => ['binding', 'request'],
            'submitter' => ['binding', 'submitter'],
        ];
        foreach ($paths as $name => $path) {
            $wanted = $this->expected[$name] ?? null;
            if ($wanted === null) {
                continue;
            }
            if (is_array($wanted)) {
                $wanted = ($name === 'args' ? Digest::ofArgs($wanted) : Digest::ofEnv($wanted)) ?? $none;
            }
            $stated = $statement->text(...$path);
            yield $stated === null
                ? self::skipped($name, 'this profile claims none')
                : self::same($name, (string) $wanted, $stated);
        }
    }

    private static function passed(string $name, string $detail): ReceiptCheck
    {
        return new ReceiptCheck($name, ReceiptCheck::RESULT_PASSED, $detail);
    }

    private static function failed(string $name, string $detail): ReceiptCheck
    {
        return new ReceiptCheck($name, ReceiptCheck::RESULT_FAILED, $detail);
    }

    private static function skipped(string $name, string $detail): ReceiptCheck
    {
        return new ReceiptCheck($name, ReceiptCheck::RESULT_SKIPPED, $detail);
    }

    private static function same(string $name, ?string $wanted, ?string $stated): ReceiptCheck
    {
        return $stated !== null && $stated === $wanted
            ? self::passed($name, substr($stated, 0, 200))
            : self::failed($name, self::quote((string) $stated) . " is not $wanted");
    }

    private static function quote(string $text): string
    {
        $flags = JSON_UNESCAPED_SLASHES | JSON_INVALID_UTF8_SUBSTITUTE;
        return (string) json_encode(substr($text, 0, 80), $flags);
    }
}
