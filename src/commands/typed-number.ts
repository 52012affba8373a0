/** A number as a person types it, with a point or a comma: 0.9, 0,9, .5, 90, "90 %". PURE. */
export interface TypedNumber {
  readonly value: number;
  /** Followed by a percent sign; the value is not divided. */
  readonly percent: boolean;
}

export function typedNumber(text: string): TypedNumber | undefined {
  const match = /^\s*(\d+(?:[.,]\d*)?|[.,]\d+)\s*(%?)\s*$/.exec(text);
  return match?.[1] === undefined ? undefined : { value: Number(match[1].replace(',', '.')), percent: match[2] === '%' };
}
