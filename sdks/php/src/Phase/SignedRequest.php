<?php

declare(strict_types=1);

namespace Plasm\Phase;

/** What a node signed when it offered a job to an executor (phase/SPEC.md, Request). A receipt's `binding.request` names it by digest. */
final class SignedRequest
{
    private const PAYLOAD_TYPE = 'application/vnd.phase.job-request.v1+json';
    private const PAYLOAD_BYTES_MAX = 524_288;
    private const SHAPE = [
        'manifest' => [
            'module' => 'digest', 'profile' => 'text64', 'args' => ['list', 'text'], 'env' => ['map', 'text'],
            'stdin' => ['digest' => 'digest', 'size' => 'integer'],
            'resources' => ['cpu' => 'integer', 'memoryBytes' => 'integer', 'outputBytes' => 'integer', 'fuel' => 'integer'],
            'timeoutMs' => 'integer', 'queueMs' => 'integer', 'capabilities' => ['list', 'text'], 'seed' => 'hex32', 'nonce' => 'nonce',
            'placement' => 'text64', 'replicas' => 'integer', 'quorum' => 'integer',
        ],
        'jobId' => 'jobId', 'nonce' => 'nonce', 'submitter' => 'did', 'executor' => 'did',
    ];

    /**
     * @param string $digest sha256 of the signed bytes
     * @param array<string, mixed> $manifest complete, args and env by their digests
     */
    private function __construct(
        public readonly string $digest,
        public readonly string $jobId,
        public readonly string $submitter,
        public readonly string $executor,
        public readonly array $manifest,
    ) {
    }

    /** @throws Invalid unless it is one, signed by the submitter that it names */
    public static function open(string $bytes): self
    {
        $envelope = Envelope::read($bytes, self::PAYLOAD_BYTES_MAX);
        $request = Json::read($envelope->payload, integersOnly: true);
        $problem = $envelope->payloadType === self::PAYLOAD_TYPE ? Shape::problem(self::SHAPE, $request) : 'another payload type';
        if ($problem !== null || !$request instanceof JsonObject) {
            throw new Invalid("Cannot read the job request: $problem");
        }
        $submitter = $request->get('submitter');
        if ($envelope->keyidsOf(Identity::publicKeyOfDid($submitter)) === []) {
            throw new Invalid("Cannot open the job request: no signature of $submitter holds");
        }
        $manifest = $request->get('manifest')->members();
        if ($request->get('nonce') !== $manifest['nonce']) {
            throw new Invalid("Cannot open the job request: its nonce is not the manifest's");
        }
        $manifest = [
            'args' => Digest::ofArgs($manifest['args']), 'env' => Digest::ofEnv($manifest['env']->members()),
            'stdin' => $manifest['stdin']->members(), 'resources' => $manifest['resources']->members(),
        ] + $manifest;
        return new self(Digest::of($envelope->payload), $request->get('jobId'), $submitter, $request->get('executor'), $manifest);
    }

    /**
     * The first member that the node asked for otherwise than it was told to; null where it asked for just that.
     *
     * @param array<string, mixed> $sent what was sent, args, env and stdin by their digests
     */
    public function differsFrom(array $sent): ?string
    {
        // What is left to the node: the profile; and of an input that was named by its digest nobody said the size.
        $stdin = $sent['stdin'] + $this->manifest['stdin'];
        return self::difference(Manifest::complete($sent + ['profile' => $this->manifest['profile']], $stdin), $this->manifest);
    }

    /** Whether it asks the peer that the job was placed on, where it was placed on one. */
    public function asksWhereItWasPlaced(): bool
    {
        $placement = $this->manifest['placement'];
        return !str_starts_with($placement, '12D3KooW') || $this->executor === Identity::did(Identity::publicKeyOfPeerId($placement));
    }

    /** The first member of the task that the claim is not about; null where it is about just this. */
    public function differsFromClaim(JsonObject $claim): ?string
    {
        $plain = static fn (mixed $value): mixed => $value instanceof JsonObject ? $value->members() : $value;
        $task = array_map($plain, Manifest::task($this->manifest)->members() + ['seed' => $this->manifest['seed']]);
        return self::difference($task, array_map($plain, $claim->members()));
    }

    /**
     * @param array<array-key, mixed> $wanted
     * @param array<array-key, mixed> $found members beyond those that are wanted do not matter
     */
    private static function difference(array $wanted, array $found): ?string
    {
        foreach ($wanted as $name => $value) {
            $other = $found[$name] ?? null;
            if (is_array($value) && !array_is_list($value)) {
                $inner = self::difference($value, is_array($other) ? $other : []);
                if ($inner !== null) {
                    return "$name.$inner";
                }
            } elseif ($value !== $other) {
                $show = static fn (mixed $one): string => substr((string) json_encode($one, JSON_UNESCAPED_SLASHES), 0, 100);
                return "$name is {$show($other)}, not {$show($value)}";
            }
        }
        return null;
    }
}
