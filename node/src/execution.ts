/** Trace of one run of a scenario, and assertions over it. */

import { matchesGlob, pluralize, WorldAssertionError } from './matching.js';
import type { Decision, FilterDecision, Step, Trace } from './types.js';

/** The most sentences in the message of a failed assertion. */
const MAX_SENTENCES = 12;

/** Id of a module in the blueprint, or its name, a glob such as `slack:*`. */
export type ModuleSelector = number | string;

export interface FilterSelector {
  /** Name of the filter, a glob. */
  name?: string;
  /** Id of the module after the filter. */
  before?: number;
}

/** Trace of one run: its steps, the decisions between them, and the story of both. It is read once and does not change. */
export class WorldExecution {
  readonly steps: readonly Step[];
  readonly decisions: readonly Decision[];
  /** All events, a sentence a line, in their order. */
  readonly story: string;
  /** Numbers of steps and decisions that were not kept, because there were too many. */
  readonly leftOut: Trace['leftOut'];

  constructor(
    readonly id: string,
    trace: Trace,
  ) {
    this.steps = trace.steps;
    this.decisions = trace.decisions;
    this.story = trace.story.join('\n');
    this.leftOut = trace.leftOut;
  }

  /** Returns the operations of a module. */
  stepsOf(module: ModuleSelector): Step[] {
    return this.steps.filter((step) =>
      typeof module === 'number' ? step.moduleId === module : matchesGlob(step.module, module),
    );
  }

  /** Returns the decisions of filters that stopped a bundle. */
  stoppedBy(filter: FilterSelector = {}): FilterDecision[] {
    return this.#filters().filter(
      (each) =>
        !each.passed &&
        (filter.name === undefined || matchesGlob(each.name, filter.name)) &&
        (filter.before === undefined || filter.before === each.moduleId),
    );
  }

  /**
   * Asserts that a module processed a bundle, or exactly so many.
   *
   * @throws AssertionError with the filters and errors that kept bundles from it, or else all events.
   */
  assertReached(module: ModuleSelector, expected: { times?: number } = {}): void {
    const { times } = expected;
    const count = this.stepsOf(module).length;
    if (times === undefined ? count > 0 : count === times) {
      return;
    }
    const wanted = times === undefined ? 'to be reached' : `to be reached ${pluralize(times, 'time')}`;
    throw new WorldAssertionError(
      `expected module ${module} ${wanted}, but it was ${pluralize(count, 'time')}; ${this.#reason()}`,
      this.assertReached,
    );
  }

  /**
   * Asserts that a module processed no bundle.
   *
   * @throws AssertionError with its operations.
   */
  assertNotReached(module: ModuleSelector): void {
    const steps = this.stepsOf(module);
    if (steps.length > 0) {
      throw new WorldAssertionError(
        `expected module ${module} not to be reached, but it was ${pluralize(steps.length, 'time')}:` +
          lines(steps.map((step) => step.sentence)),
        this.assertNotReached,
      );
    }
  }

  /**
   * Asserts that a filter stopped a bundle, or exactly so many.
   *
   * @throws AssertionError with the decisions of filters.
   */
  assertStopped(expected: FilterSelector & { times?: number } = {}): void {
    const { times, name, before } = expected;
    const count = this.stoppedBy(expected).length;
    if (times === undefined ? count > 0 : count === times) {
      return;
    }
    const filter = name === undefined ? 'a filter' : `filter '${name}'`;
    const place = before === undefined ? '' : ` before module ${before}`;
    const wanted = times === undefined ? 'a bundle' : pluralize(times, 'bundle');
    const decided = this.#filters().map((each) => each.sentence);
    throw new WorldAssertionError(
      `expected ${filter}${place} to stop ${wanted}, but it stopped ${count}; ` +
        (decided.length > 0 ? `filters decided:${lines(decided)}` : 'no bundle reached a filter'),
      this.assertStopped,
    );
  }

  #filters(): FilterDecision[] {
    return this.decisions.filter((each): each is FilterDecision => each.event === 'filter');
  }

  /** Returns the decisions and errors that kept bundles from a module, or else all events. */
  #reason(): string {
    const reasons = this.stoppedBy().map((each) => each.sentence);
    reasons.push(...this.steps.filter((step) => step.error !== null).map((step) => step.sentence));
    if (reasons.length > 0) {
      return `this kept bundles from it:${lines(reasons)}`;
    }
    return `this happened:${lines(this.story === '' ? ['nothing'] : this.story.split('\n'))}`;
  }
}

function lines(sentences: readonly string[]): string {
  const shown = sentences.slice(0, MAX_SENTENCES).map((each) => `\n  ${each}`);
  const more = sentences.length - shown.length;
  return shown.join('') + (more > 0 ? `\n  and ${more} more` : '');
}
