<?php

declare(strict_types=1);

namespace Plasm\Phase;

/** The statement in a receipt's envelope (phase/SPEC.md, Receipt): an in-toto Statement v1, read strictly. */
final class Statement
{
    public const PAYLOAD_TYPE = 'application/vnd.in-toto+json';
    public const PAYLOAD_BYTES_MAX = 65_536;
    public const PREDICATE_TYPE = 'https://phasebased.com/execution-receipt/v1';
    public const REASONS = ['exited', 'stopped', 'outputExceeded'];
    private const TYPE = 'https://in-toto.io/Statement/v1';
    private const PROFILES = ['phase-wasm32-v1'];

    private const CONTENT = ['digest' => 'digest', 'size' => 'integer'];
    private const CLAIM = [
        'profile' => 'text', 'module' => 'digest', 'args' => 'digest', 'env' => 'digest', 'stdin' => self::CONTENT,
        'limits' => ['fuel' => 'integer', 'memoryBytes' => 'integer', 'outputBytes' => 'integer'], 'capabilities' => ['list', 'text'], 'seed' => 'hex32',
        'outcome' => ['reason' => 'text', 'exitCode?' => 'u32'], 'stdout' => self::CONTENT, 'stderr' => self::CONTENT, 'fuel' => 'integer',
    ];
    /** All but the claim, whose members depend on the profile. */
    private const PREDICATE = [
        'claim' => ['profile' => 'text'],
        'claimDigest' => 'digest',
        'measurement' => [
            'wallUs' => 'integer', 'cpuUs' => 'integer', 'compileUs' => 'integer', 'memoryBytesPeak' => 'integer',
            'startedAt' => 'time', 'finishedAt' => 'time', 'stopped?' => 'text', 'trap?' => 'text', 'salt' => 'hex16',
            'executor' => ['did' => 'did', 'peerId' => 'peerId'],
            'runtime' => ['name' => 'text', 'version' => 'text', 'engine' => 'text', 'arch' => 'text'],
        ],
        'binding' => [
            'request' => 'digest', 'submitter' => 'did', 'jobId' => 'jobId', 'replica' => 'integer', 'attempt' => 'integer',
            'nonce' => 'nonce',
        ],
    ];

    private ?string $executorKey = null;

    private function __construct(private readonly JsonObject $statement)
    {
    }

    /** @throws Invalid for what is not one, as far as its kind is known; members beyond those are ignored */
    public static function read(string $payload): self
    {
        $statement = Json::read($payload, integersOnly: true);
        $read = $statement instanceof JsonObject ? new self($statement) : null;
        $problem = $read === null ? 'not an object' : $read->problem();
        return $read !== null && $problem === null ? $read : throw new Invalid("Cannot read the statement: $problem");
    }

    /** @throws Invalid */
    public static function ofEnvelope(string $bytes): self
    {
        return self::read(Envelope::read($bytes, self::PAYLOAD_BYTES_MAX)->payload);
    }

    public function predicateType(): string
    {
        return $this->statement->get('predicateType');
    }

    public function isKnown(): bool
    {
        return $this->predicateType() === self::PREDICATE_TYPE;
    }

    public function hasKnownProfile(): bool
    {
        return in_array($this->text('claim', 'profile'), self::PROFILES, true);
    }

    public function claim(): JsonObject
    {
        return $this->statement->get('predicate')->get('claim');
    }

    /** A text of the predicate, by its path; null where there is none. */
    public function text(string ...$path): ?string
    {
        $value = $this->statement->get('predicate');
        foreach ($path as $name) {
            $value = $value instanceof JsonObject ? $value->get($name) : null;
        }
        return is_string($value) ? $value : null;
    }

    /** The key that it names; null where its kind is unknown. */
    public function executorKey(): ?string
    {
        return $this->isKnown()
            ? $this->executorKey ??= Identity::publicKeyOfDid((string) $this->text('measurement', 'executor', 'did'))
            : null;
    }

    /** The hex of its one subject; null where there is not exactly one. */
    public function subject(): ?string
    {
        $subjects = $this->statement->get('subject');
        $one = is_array($subjects) && count($subjects) === 1 ? $subjects[0] : null;
        $digest = $one instanceof JsonObject ? $one->get('digest') : null;
        $hex = $digest instanceof JsonObject ? $digest->get('sha256') : null;
        return is_string($hex) ? $hex : null;
    }

    private function problem(): ?string
    {
        $statement = $this->statement;
        if ($statement->get('_type') !== self::TYPE) {
            return '_type is not ' . self::TYPE;
        }
        $type = $statement->get('predicateType');
        if ($type !== self::PREDICATE_TYPE) {
            return is_string($type) ? null : 'predicateType is not a string';
        }
        $problem = Shape::problem(self::PREDICATE, $statement->get('predicate'), '/predicate');
        if ($problem !== null) {
            return $problem;
        }
        $this->executorKey();
        return $this->hasKnownProfile() ? self::claimProblem($this->claim()) : null;
    }

    private static function claimProblem(JsonObject $claim): ?string
    {
        $problem = Shape::problem(self::CLAIM, $claim, '/predicate/claim');
        $outcome = $problem === null ? $claim->get('outcome') : null;
        if ($outcome === null || !in_array($outcome->get('reason'), self::REASONS, true)) {
            return $problem;
        }
        $exited = $outcome->get('reason') === 'exited';
        return $exited === $outcome->has('exitCode') ? null : 'an exit code ' . ($exited ? 'is missing' : 'without an exit');
    }
}
