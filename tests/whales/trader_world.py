"""A venue and a network in virtual time, for the question whom to ask: accounts trade, answers take a while."""

from collections import deque
from dataclasses import dataclass, field
from heapq import heappop, heappush

import numpy as np
from trader_samples import NOW_MS, a_trade, address

from app.config.whale_settings import WhalesSettings
from app.whales.asking_pace import AskingPace
from app.whales.refreshing import AskFor, Refreshing

STEP_MS = 50
WINDOW_S = 60


@dataclass
class World:
    """Asks every 50 ms what may be asked, and answers after 40-400 ms with the state of a moment `lag_ms` before."""

    settings: WhalesSettings
    traders: int
    asks_per_min: int = 600
    burst: int = 60
    lag_ms: int = 0
    loss: float = 0.0
    news: float = 0.3
    seed: int = 0
    now_ms: int = NOW_MS
    asked: list[tuple[int, AskFor]] = field(default_factory=list)
    latencies: dict[str, list[int]] = field(default_factory=dict)
    oldest_ms: int = 0
    most_in_window: int = 0

    def __post_init__(self) -> None:
        self.generator = np.random.default_rng(self.seed)
        self.refreshing = Refreshing(self.settings)
        self.pace = AskingPace(self.asks_per_min, WINDOW_S, self.burst)
        self.values = {address(number): float(self.generator.pareto(1.2) + 0.1) for number in range(self.traders)}
        self.refreshing.follow(self.values, self.now_ms)
        self._answers: list[tuple[int, str, int]] = []
        self._unseen: dict[str, int] = {}
        self._window: deque[int] = deque()

    def trade(self, trader: str) -> None:
        """The trader trades now; the world remembers since when its state does not show it."""
        self._unseen.setdefault(trader, self.now_ms)
        self.refreshing.saw_trade(a_trade(buyer=trader, time_ms=self.now_ms), self.now_ms)

    def step(self) -> None:
        """Fifty milliseconds pass."""
        self.now_ms += STEP_MS
        while self._answers and self._answers[0][0] <= self.now_ms:
            self._answer(*heappop(self._answers))
        allowed, polls = self.pace.allowed(self.now_ms)
        questions = self.refreshing.ask(self.now_ms, allowed, polls)
        assert len(questions) <= allowed
        self.pace.spend(len(questions), sum(question.reason == "poll" for question in questions))
        for question in questions:
            self._ask(question)
        known = [one.age_ms(self.now_ms) for one in self.refreshing.tracked.all()]
        self.oldest_ms = max(self.oldest_ms, max((age for age in known if age is not None), default=0))

    def _ask(self, question: AskFor) -> None:
        assert not any(trader == question.trader for _, trader, _ in self._answers), "two questions in flight"
        self.asked.append((self.now_ms, question))
        self._window.append(self.now_ms)
        while self._window[0] <= self.now_ms - WINDOW_S * 1_000:
            self._window.popleft()
        self.most_in_window = max(self.most_in_window, len(self._window))
        takes_ms = int(self.generator.integers(40, 400))
        seen_ms = self.now_ms + takes_ms // 2 - self.lag_ms
        heappush(self._answers, (self.now_ms + takes_ms, question.trader, seen_ms))

    def _answer(self, at_ms: int, trader: str, seen_ms: int) -> None:
        if self.generator.random() < self.loss:
            self.refreshing.failed(trader, self.now_ms)
            return
        traded_ms = self._unseen.get(trader)
        shows = traded_ms is not None and seen_ms >= traded_ms
        self.refreshing.learned(trader, seen_ms, self.now_ms, is_news=shows and self.generator.random() < self.news)
        self.refreshing.answered(trader, self.now_ms)
        if traded_ms is not None and shows:
            self.latencies.setdefault(trader, []).append(self.now_ms - traded_ms)
            del self._unseen[trader]
