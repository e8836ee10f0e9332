<?php

// Generated from openapi/openapi.json by `make sdks`. Do not edit.
declare(strict_types=1);

namespace Plasm\Generated\Model;

/** Why a job ended */
enum JobReason: string
{
    case EXITED = 'exited';
    case OUTPUT_EXCEEDED = 'outputExceeded';
    case TRAPPED = 'trapped';
    case FUEL_EXHAUSTED = 'fuelExhausted';
    case DEPTH_EXHAUSTED = 'depthExhausted';
    case TIMED_OUT = 'timedOut';
    case MEMORY_EXHAUSTED = 'memoryExhausted';
    case MODULE_REJECTED = 'moduleRejected';
    case NO_PEER = 'noPeer';
    case QUORUM_NOT_REACHED = 'quorumNotReached';
    case CANCELLED = 'cancelled';
    case INTERNAL = 'internal';
    /** A value that this version of the client does not know. */
    case UNKNOWN = '__unknown';
}
