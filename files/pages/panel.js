// One panel: what it asks, and what it shows of the answer, or a sentence where there is nothing to show.

import { cleared, draw } from "./chart.js";
import { Silent, course, now } from "./prometheus.js";
import { bad, last, shown } from "./series.js";
import { written } from "./units.js";

function made(kind, className, text = "") {
  const element = document.createElement(kind);
  element.className = className;
  element.textContent = text;
  return element;
}

export class PanelView {
  constructor(panel) {
    this.panel = panel;
    this.card = made("section", "card");
    this.card.dataset.state = "asking";
    this.picture = made("div", panel.now ? "bars" : "chart");
    this.list = made("ul", "series");
    this.more = made("p", "note");
    this.said = made("p", "said", "Asking …");
    this.card.append(made("h2", "", panel.title), this.said, this.picture, this.list, this.more, made("p", "note", panel.note));
    this.says("Asking …", "asking");
  }

  async refresh(range) {
    const { panel } = this;
    try {
      const queries = panel.queries.map(({ expression }) => expression.replaceAll("$window", range.window));
      const answers = await Promise.all(queries.map((query) => (panel.now ? now(query) : course(query, range))));
      const { series, left } = shown(panel, answers);
      if (!series.length) return this.says("Nothing was measured in this time.", "empty");
      this.shows(true, "drawn");
      if (panel.now) this.bars(series);
      else draw(this.picture, this.list, panel, series, range);
      this.more.textContent = left ? `and ${left} more, with less to see` : "";
      this.card.classList.toggle("bad", series.some((one) => bad(panel, last(one))));
    } catch (error) {
      if (error instanceof Silent) return this.says(`Prometheus does not answer: ${error.message}.`, "silent");
      this.says(`Prometheus refuses to answer: ${error.message}`, "refused");
    }
    return null;
  }

  bars(series) {
    const most = Math.max(...series.map(last));
    this.picture.replaceChildren(...series.flatMap((one) => {
      const meter = document.createElement("meter");
      meter.max = most || 1;
      meter.value = last(one);
      return [made("span", "", one.name), meter, made("b", "", written(last(one), this.panel.unit))];
    }));
  }

  says(sentence, state) {
    cleared(this.picture);
    this.card.classList.remove("bad");
    this.said.textContent = sentence;
    this.more.textContent = "";
    this.shows(false, state);
  }

  shows(picture, state) {
    this.card.dataset.state = state;
    this.card.classList.toggle("silent", state === "silent");
    this.said.hidden = picture;
    this.picture.hidden = !picture;
    this.list.hidden = !picture;
  }
}
