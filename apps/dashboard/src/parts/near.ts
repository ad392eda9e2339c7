import type { RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';

type Told = (isNear: boolean) => void;

/** One observer for every place: each place's own would be asked at every frame of scrolling. */
const told = new WeakMap<Element, Told>();
const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) told.get(target)?.(isIntersecting);
  },
  // A fling of a page or two must not outrun what is drawn.
  { rootMargin: '150% 0px' },
);

/** Whether this place is in the window or within one and a half of its heights. */
export function useNear(place: RefObject<Element | null>): boolean {
  const [isNear, setNear] = useState(false);
  useEffect(() => {
    const { current } = place;
    if (current === null) return undefined;
    told.set(current, setNear);
    observer.observe(current);
    return () => {
      observer.unobserve(current);
      told.delete(current);
    };
  }, [place]);
  return isNear;
}
