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
            'module' => 'digest', 'args' => ['list', 'text'], 'env' => ['map', 'text'], 'stdin' => ['digest' => 'digest', 'size' => 'integer'],
            'nonce' => 'nonce',
        ],
        'jobId' => 'jobId', 'nonce' => 'nonce', 'submitter' => 'did', 'executor' => 'did',
    ];

    /** sha256 of the signed bytes. */
    public readonly string $digest;

    private function __construct(string $payload, private readonly JsonObject $request)
    {
        $this->digest = Digest::of($payload);
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
        return new self($envelope->payload, $request);
    }

    /**
     * What a receipt of this request is held against, as Verifier::EXPECTED names it.
     *
     * @return array<string, mixed>
     */
    public function expected(): array
    {
        $manifest = $this->request->get('manifest');
        return [
            'request' => $this->digest,
            'submitter' => $this->request->get('submitter'),
            'jobId' => $this->request->get('jobId'),
            'nonce' => $this->request->get('nonce'),
            'module' => $manifest->get('module'),
            'args' => Digest::ofArgs($manifest->get('args')) ?? '',
            'env' => Digest::ofEnv($manifest->get('env')->members()) ?? '',
            'stdin' => $manifest->get('stdin')->get('digest'),
        ];
    }
}
