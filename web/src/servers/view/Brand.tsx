import iconUrl from "../../common/icon.svg";

export function Brand() {
  return (
    <p class="brand">
      <img src={iconUrl} alt="" width={28} height={28} />
      Oriel
    </p>
  );
}
